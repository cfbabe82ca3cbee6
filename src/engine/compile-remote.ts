import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  getNamedType,
  isLeafType,
  isObjectType,
  Kind,
  type OperationTypeNode,
  parseType,
  print,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
  type VariableDefinitionNode,
} from 'graphql';
import type {
  FieldPlan,
  GroupPlan,
  LevelPlan,
  PlanBody,
  RemotePlan,
  RemoteVariable,
} from './plan.ts';

/** Response keys taken at one place of a remote document, so that no two fields share one. */
export class AliasBook {
  readonly #taken = new Map<string, string>();
  readonly #strict: boolean;
  readonly #counter: { next: number };

  constructor(strict = false, counter = { next: 1 }) {
    this.#strict = strict;
    this.#counter = counter;
  }

  /** The field's own name where that is free. */
  take(name: string, node: FieldNode, def: GraphQLField<unknown, unknown> | undefined): string {
    const type = def ? String(def.type) : '';
    const simple =
      def !== undefined && isLeafType(getNamedType(def.type)) && !node.arguments?.length;
    const taken = this.#taken.get(name);
    if (taken === undefined && (simple || !this.#strict)) {
      this.#taken.set(name, type);
      return name;
    }
    if (this.#strict && simple && taken === type) return name;
    let alias: string;
    do alias = `${name}_${this.#counter.next++}`;
    while (this.#taken.has(alias));
    this.#taken.set(alias, type);
    return alias;
  }

  /** For the level below a field. */
  inner(): AliasBook {
    return new AliasBook(false, this.#counter);
  }

  /** For the levels below an abstract field: its types answer under one another's keys. */
  strict(): AliasBook {
    return new AliasBook(true, this.#counter);
  }
}

/**
 * The document that fetches a group of fields from a remote place, with what is below them. With
 * `active` it has only the fields that are; without, conditions are variables of it.
 */
export function printRemote(
  body: PlanBody,
  level: LevelPlan,
  group: GroupPlan,
  active: ((field: FieldPlan) => boolean) | null = null,
): RemotePlan {
  const variables: RemoteVariable[] = [];
  const definitions: VariableDefinitionNode[] = [];
  const define = (name: string, type: string, source: RemoteVariable['source']): ValueNode => {
    const variable = { kind: Kind.VARIABLE, name: nameNode(name) } as const;
    definitions.push({ kind: Kind.VARIABLE_DEFINITION, variable, type: parseType(type) });
    variables.push({ name, source });
    return variable;
  };

  const selectionOf = (fields: readonly FieldPlan[]): SelectionSetNode => {
    const selections = fields
      .filter((field) => field.step.kind === 'remote' && (active?.(field) ?? true))
      .map(fieldNode);
    if (selections.length === 0) selections.push(typename);
    return { kind: Kind.SELECTION_SET, selections };
  };
  const fieldNode = (field: FieldPlan): FieldNode => {
    const alias = field.step.kind === 'remote' ? field.step.alias : field.name;
    return {
      kind: Kind.FIELD,
      ...(alias === field.name ? {} : { alias: nameNode(alias) }),
      name: nameNode(field.name),
      arguments: (field.node.arguments ?? []).map((argument) => argumentNode(field, argument)),
      directives:
        active || alwaysActive(field)
          ? []
          : [
              {
                kind: Kind.DIRECTIVE,
                name: nameNode('include'),
                arguments: [
                  {
                    kind: Kind.ARGUMENT,
                    name: nameNode('if'),
                    value: define(`c${variables.length}`, 'Boolean!', { kind: 'condition', field }),
                  },
                ],
              },
            ],
      ...(field.serialize ? {} : { selectionSet: below(field) }),
    };
  };
  const argumentNode = (field: FieldPlan, argument: ArgumentNode): ArgumentNode => {
    if (!print(argument.value).includes('$')) return argument;
    const name = argument.name.value;
    const type = field.def?.args.find((one) => one.name === name)?.type;
    const value = define(`v${variables.length}`, String(type), {
      kind: 'argument',
      field,
      argument: name,
    });
    return { kind: Kind.ARGUMENT, name: argument.name, value };
  };
  const below = (field: FieldPlan): SelectionSetNode => {
    const levels = [...field.children.values()];
    if (isObjectType(field.named)) return selectionOf(levels.flatMap(sourceFields));
    const fragments: SelectionNode[] = levels
      .map((child) => ({ child, fields: sourceFields(child) }))
      .filter(({ fields }) => fields.some(({ step }) => step.kind === 'remote'))
      .map(({ child, fields }) => ({
        kind: Kind.INLINE_FRAGMENT,
        typeCondition: { kind: Kind.NAMED_TYPE, name: nameNode(child.type.name) },
        selectionSet: selectionOf(fields),
      }));
    return { kind: Kind.SELECTION_SET, selections: [typename, ...fragments] };
  };

  let selectionSet = selectionOf(group.fields);
  let rootKey = '';
  let operation = 'query' as OperationTypeNode;
  if (group.entry) {
    const { fieldName, field } = group.entry;
    rootKey = fieldName;
    const args: ArgumentNode[] = field.args.map((argument) => ({
      kind: Kind.ARGUMENT,
      name: nameNode(argument.name),
      value: define(`k${variables.length}`, String(argument.type), {
        kind: 'key',
        argument: argument.name,
      }),
    }));
    const entry = {
      kind: Kind.FIELD,
      name: nameNode(fieldName),
      arguments: args,
      selectionSet,
    } as const;
    selectionSet = { kind: Kind.SELECTION_SET, selections: [entry] };
  } else if (level.parentField === null) operation = body.operation.operation;
  const document: DocumentNode = {
    kind: Kind.DOCUMENT,
    definitions: [
      {
        kind: Kind.OPERATION_DEFINITION,
        operation,
        ...(body.operation.name ? { name: body.operation.name } : {}),
        variableDefinitions: definitions,
        directives: [],
        selectionSet,
      },
    ],
  };
  return { document, text: print(document), rootKey, variables, variants: new Map() };
}

/** The fields that come with the objects of a level, deferred ones included. */
export function sourceFields(level: LevelPlan): FieldPlan[] {
  const own = level.groups[0]?.kind === 'source' ? level.groups[0].fields : [];
  return [...own, ...level.patches.flatMap((patch) => sourceFields(patch.level))];
}

/** Whether a field runs whatever the variables are. */
function alwaysActive(field: FieldPlan): boolean {
  if (field.level.patchOf) return false;
  return field.uses.some(
    ({ condition, view }) =>
      condition === 0 && (view.group === null || view.group.fields.some(alwaysActive)),
  );
}

const nameNode = (value: string) => ({ kind: Kind.NAME, value }) as const;
const typename: FieldNode = { kind: Kind.FIELD, name: nameNode('__typename') };
