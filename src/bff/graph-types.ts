import {
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isEnumType,
  isIntrospectionType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';

/** How derived fields get each scalar, where it isn't `unknown`. */
const houseScalars: Readonly<Record<string, string>> = {
  Boolean: 'boolean',
  Date: 'string',
  DateTime: 'string',
  Float: 'number',
  ID: 'string',
  Int: 'number',
  String: 'string',
};

/**
 * TypeScript that describes every type of a graph as its answers are, to type the parents of
 * derived fields by what they need: `interface Graph { Flight: { delayMinutes: number … } … }`.
 *
 * Shape: types by name, so that the text changes only where the graph does; an abstract type is
 * the union of its members; entries of merges (`Query._…`) are left out.
 * `scalars` adds to, or replaces, what the house says of a scalar.
 */
export function graphTypes(
  schema: GraphQLSchema,
  scalars: Readonly<Record<string, string>> = {},
): string {
  const writer = new GraphTypes(schema, { ...houseScalars, ...scalars });
  return [
    '// Generated from the stitched graph by `npm run codegen`. Do not edit.',
    '',
    '/** Every type of the graph, hidden fields included, as answers have it. */',
    'export interface Graph {',
    ...writer.members(),
    '}',
    '',
  ].join('\n');
}

class GraphTypes {
  readonly #schema: GraphQLSchema;
  readonly #scalars: Readonly<Record<string, string>>;

  constructor(schema: GraphQLSchema, scalars: Readonly<Record<string, string>>) {
    this.#schema = schema;
    this.#scalars = scalars;
  }

  members(): string[] {
    return Object.values(this.#schema.getTypeMap())
      .filter((type) => !isIntrospectionType(type))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((type) => this.#member(type));
  }

  #member(type: GraphQLNamedType): string[] {
    if (isAbstractType(type)) {
      const members = this.#schema
        .getPossibleTypes(type)
        .map((member) => `Graph['${member.name}']`);
      return [`  ${type.name}: ${members.toSorted().join(' | ') || 'never'};`];
    }
    if (!isObjectType(type)) return [];
    const root = type === this.#schema.getQueryType();
    const fields = Object.values(type.getFields())
      .filter((field) => !(root && field.name.startsWith('_')))
      .map((field) => `    ${field.name}: ${this.#typeOf(field.type)};`);
    return [`  ${type.name}: {`, `    __typename: '${type.name}';`, ...fields, '  };'];
  }

  #typeOf(type: GraphQLOutputType): string {
    const present = this.#present(type);
    return isNonNullType(type) || present === 'unknown' ? present : `${present} | null`;
  }

  /** The type where it isn't null. */
  #present(type: GraphQLOutputType): string {
    if (isNonNullType(type)) return this.#present(type.ofType);
    if (isListType(type)) {
      const item = this.#typeOf(type.ofType);
      return `readonly ${/[ |]/.test(item) ? `(${item})` : item}[]`;
    }
    if (isEnumType(type)) {
      return type
        .getValues()
        .map(({ name }) => `'${name}'`)
        .join(' | ');
    }
    return isObjectType(type) || isAbstractType(type)
      ? `Graph['${type.name}']`
      : (this.#scalars[type.name] ?? 'unknown');
  }
}
