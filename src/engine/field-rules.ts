import {
  type FragmentDefinitionNode,
  getNamedType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isAbstractType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import type { Access, AccessRule } from './access.ts';
import type { Derived } from './derived.ts';
import { fieldIn } from './schema-types.ts';

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;
type Visit = (type: GraphQLObjectType, fieldName: string) => void;

/** How a field comes to be: what it is computed from, and the keys of the entries that give it. */
export interface FieldInputs {
  derived(typeName: string, fieldName: string): Derived | undefined;
  keys(typeName: string, fieldName: string): readonly SelectionSetNode[];
}

const noFragments: Fragments = new Map();
const noRules: readonly AccessRule[] = [];

/** Which rules a field depends on, its inputs' included. The same on every path to the field. */
export class FieldRules {
  readonly #schema: GraphQLSchema;
  readonly #access: Access;
  readonly #inputs: FieldInputs;
  readonly #known = new Map<string, readonly AccessRule[]>();

  constructor(schema: GraphQLSchema, access: Access, inputs: FieldInputs) {
    this.#schema = schema;
    this.#access = access;
    this.#inputs = inputs;
  }

  /** Every rule of a field of an object type. */
  of(typeName: string, fieldName: string): readonly AccessRule[] {
    if (fieldName.startsWith('__')) return noRules;
    const id = `${typeName}.${fieldName}`;
    let rules = this.#known.get(id);
    if (!rules) {
      const found = new Set<AccessRule>();
      this.#add(found, new Set(), typeName, fieldName);
      this.#known.set(id, (rules = [...found]));
    }
    return rules;
  }

  /** Every rule that some field of an operation depends on. */
  inOperation(
    root: GraphQLObjectType,
    selectionSet: SelectionSetNode,
    fragments: Fragments,
  ): readonly AccessRule[] {
    const found = new Set<AccessRule>();
    this.#walk(selectionSet, [root], fragments, ({ name }, fieldName) => {
      for (const rule of this.of(name, fieldName)) found.add(rule);
      for (const type of this.#possible(name, fieldName)) {
        for (const rule of this.#access.ofType(type.name)) found.add(rule);
      }
    });
    return found.size === 0 ? noRules : [...found];
  }

  /** Why a field can't be had while these rules do not hold; null when it can. */
  denial(typeName: string, fieldName: string, denied: ReadonlySet<AccessRule>): AccessRule | null {
    const own = this.of(typeName, fieldName).find((rule) => denied.has(rule));
    if (own) return own;
    // An object of a type that is denied could be anything but shown.
    const possible = this.#possible(typeName, fieldName);
    const reasons = possible.map(({ name }) =>
      this.#access.ofType(name).find((rule) => denied.has(rule)),
    );
    return reasons.every((reason) => reason !== undefined) ? (reasons[0] ?? null) : null;
  }

  #add(found: Set<AccessRule>, seen: Set<string>, typeName: string, fieldName: string): void {
    const id = `${typeName}.${fieldName}`;
    if (seen.has(id) || fieldName.startsWith('__')) return;
    seen.add(id);
    const field = fieldIn(this.#schema, typeName, fieldName);
    const declared = [
      ...this.#access.ofType(typeName),
      ...(this.#access.ofField(typeName, fieldName)?.rules ?? []),
      ...(field ? this.#access.ofType(getNamedType(field.type).name) : []),
    ];
    for (const rule of declared) found.add(rule);
    const type = this.#schema.getType(typeName);
    if (!isObjectType(type)) return;
    const visit: Visit = (on, name) => this.#add(found, seen, on.name, name);
    const derived = this.#inputs.derived(typeName, fieldName);
    if (derived?.needs) this.#walk(derived.needs, [type], derived.fragments, visit);
    for (const key of this.#inputs.keys(typeName, fieldName)) {
      this.#walk(key, [type], noFragments, visit);
    }
  }

  /** The objects that a field of an abstract type may give. */
  #possible(typeName: string, fieldName: string): readonly GraphQLObjectType[] {
    const field = fieldIn(this.#schema, typeName, fieldName);
    const named = field && getNamedType(field.type);
    return isAbstractType(named) ? this.#schema.getPossibleTypes(named) : [];
  }

  #walk(
    set: SelectionSetNode,
    types: readonly GraphQLObjectType[],
    fragments: Fragments,
    visit: Visit,
  ): void {
    for (const node of set.selections) {
      if (node.kind === Kind.FIELD) {
        const below = new Set<GraphQLObjectType>();
        for (const type of types) {
          visit(type, node.name.value);
          const field = fieldIn(this.#schema, type.name, node.name.value);
          if (!field || !node.selectionSet) continue;
          for (const object of this.#objects(getNamedType(field.type))) below.add(object);
        }
        if (node.selectionSet) this.#walk(node.selectionSet, [...below], fragments, visit);
        continue;
      }
      const fragment = node.kind === Kind.FRAGMENT_SPREAD ? fragments.get(node.name.value) : node;
      if (!fragment) continue;
      const on = fragment.typeCondition?.name.value;
      const narrowed =
        on === undefined
          ? types
          : types.filter((type) => this.#objects(this.#schema.getType(on)).includes(type));
      this.#walk(fragment.selectionSet, narrowed, fragments, visit);
    }
  }

  #objects(type: GraphQLNamedType | undefined): readonly GraphQLObjectType[] {
    if (isObjectType(type)) return [type];
    return isAbstractType(type) ? this.#schema.getPossibleTypes(type) : [];
  }
}
