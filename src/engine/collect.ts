import {
  type DirectiveNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  isAbstractType,
  Kind,
  type SelectionSetNode,
} from 'graphql';

/** Where variables take their values from: the operation, or the arguments of a derived field. */
export interface Scope {
  readonly index: number;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

/** One `@skip` or `@include` that depends on a variable. */
export interface Term {
  readonly scope: number;
  readonly variable: string;
  readonly expected: boolean;
}

/** A selection set to be collected, and what must hold for it. */
export interface Part {
  readonly selectionSet: SelectionSetNode;
  readonly terms: readonly Term[];
  readonly scope: Scope;
}

/** A field node where it stands in a document, and what must hold for it. */
export interface Occurrence {
  readonly node: FieldNode;
  readonly terms: readonly Term[];
  readonly scope: Scope;
  /** Position among the occurrences of its selection. */
  readonly order: number;
}

export interface DeferPart extends Part {
  readonly label: string | undefined;
}

export interface Collected {
  readonly fields: ReadonlyMap<string, readonly Occurrence[]>;
  readonly defers: readonly DeferPart[];
}

/**
 * The fields of `type` by response key, in order of first appearance. What depends on variables is
 * kept as terms instead of being decided.
 */
export function collect(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  parts: readonly Part[],
  incremental: boolean,
): Collected {
  const fields = new Map<string, Occurrence[]>();
  const defers: DeferPart[] = [];
  const visited = new Set<string>();
  let order = 0;

  const walk = (set: SelectionSetNode, terms: readonly Term[], scope: Scope): void => {
    for (const node of set.selections) {
      const own = conditions(node.directives, scope, terms);
      if (own === null) continue;
      if (node.kind === Kind.FIELD) {
        const key = node.alias?.value ?? node.name.value;
        const found = fields.get(key);
        const occurrence = { node, terms: own, scope, order: order++ };
        if (found) found.push(occurrence);
        else fields.set(key, [occurrence]);
        continue;
      }
      let target: SelectionSetNode;
      let condition: string | undefined;
      let name = '';
      if (node.kind === Kind.FRAGMENT_SPREAD) {
        name = node.name.value;
        const fragment = scope.fragments.get(name);
        if (!fragment) continue;
        target = fragment.selectionSet;
        condition = fragment.typeCondition.name.value;
      } else {
        target = node.selectionSet;
        condition = node.typeCondition?.name.value;
      }
      if (condition !== undefined && !applies(schema, type, condition)) continue;
      const defer = incremental ? deferOf(node.directives, scope) : null;
      if (defer) {
        const needed = defer.term ? [wantsParts, defer.term] : [wantsParts];
        defers.push({
          selectionSet: target,
          terms: [...own, ...needed],
          scope,
          label: defer.label,
        });
        for (const term of needed) walk(target, [...own, { ...term, expected: false }], scope);
        continue;
      }
      if (name !== '') {
        const id = `${scope.index}:${name}`;
        if (visited.has(id)) continue;
        if (own.length === 0) visited.add(id);
      }
      walk(target, own, scope);
    }
  };
  for (const part of parts) walk(part.selectionSet, part.terms, part.scope);
  return { fields, defers };
}

/** Holds when the client takes an answer in parts. No variable can have this name. */
export const wantsParts: Term = { scope: 0, variable: '@parts', expected: true };

function applies(schema: GraphQLSchema, type: GraphQLObjectType, condition: string): boolean {
  if (condition === type.name) return true;
  const target = schema.getType(condition);
  return isAbstractType(target) && schema.isSubType(target, type);
}

/** The terms under which a node is included; null when it never is. */
function conditions(
  directives: readonly DirectiveNode[] | undefined,
  scope: Scope,
  terms: readonly Term[],
): readonly Term[] | null {
  if (!directives || directives.length === 0) return terms;
  let own = terms;
  for (const directive of directives) {
    const name = directive.name.value;
    if (name !== 'skip' && name !== 'include') continue;
    const expected = name === 'include';
    const value = directive.arguments?.find((argument) => argument.name.value === 'if')?.value;
    if (value?.kind === Kind.BOOLEAN && value.value !== expected) return null;
    if (value?.kind === Kind.VARIABLE) {
      own = [...own, { scope: scope.index, variable: value.name.value, expected }];
    }
  }
  return own;
}

function deferOf(
  directives: readonly DirectiveNode[] | undefined,
  scope: Scope,
): { label: string | undefined; term: Term | null } | null {
  const directive = directives?.find(({ name }) => name.value === 'defer');
  if (!directive) return null;
  const { condition, label } = incrementalArguments(directive);
  if (condition === false) return null;
  const term =
    typeof condition === 'string'
      ? { scope: scope.index, variable: condition, expected: true }
      : null;
  return { label, term };
}

/** `if` and `label` of `@defer` and `@stream`; a condition is decided or a variable's name. */
export function incrementalArguments(directive: DirectiveNode): {
  condition: boolean | string;
  label: string | undefined;
} {
  let condition: boolean | string = true;
  let label: string | undefined;
  for (const { name, value } of directive.arguments ?? []) {
    if (name.value === 'if') {
      if (value.kind === Kind.BOOLEAN) condition = value.value;
      else if (value.kind === Kind.VARIABLE) condition = value.name.value;
    }
    if (name.value === 'label' && value.kind === Kind.STRING) label = value.value;
  }
  return { condition, label };
}
