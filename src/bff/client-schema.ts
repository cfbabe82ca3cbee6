import { GraphQLDeferDirective, GraphQLStreamDirective } from '@graphql-tools/utils';
import {
  type GraphQLArgumentConfig,
  type GraphQLFieldConfig,
  type GraphQLFieldConfigMap,
  GraphQLEnumType,
  type GraphQLInputFieldConfig,
  GraphQLInputObjectType,
  GraphQLInterfaceType,
  GraphQLList,
  type GraphQLNamedType,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  type GraphQLType,
  GraphQLUnionType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  validateSchema,
} from 'graphql';
import { ClientCut, type Composite, isComposite } from './client-cut.ts';
import type { Coordinate } from './coordinates.ts';

/**
 * What the client sees of the stitched graph: without merge entries (names that begin with `_`),
 * without what it hides, and without what nothing leads to any more. Coordinates are in the client's
 * names. Types in which nothing changes are the graph's own: of ten thousand most are.
 */
export function clientSchema(
  graph: GraphQLSchema,
  hidden: readonly Coordinate[],
  at: string,
): GraphQLSchema {
  const types = new ClientTypes(new ClientCut(graph, hidden));
  const config = graph.toConfig();
  const query = types.root(config.query);
  const mutation = types.root(config.mutation);
  const subscription = types.root(config.subscription);
  const client = new GraphQLSchema({
    ...config,
    query,
    mutation,
    subscription,
    types: types.implementations([query, mutation, subscription]),
    directives: [...config.directives, GraphQLDeferDirective, GraphQLStreamDirective],
  });
  const [problem] = validateSchema(client);
  if (problem)
    throw new Error(`${at}: what is left for the client is not a schema. ${problem.message}`);
  return client;
}

/** The types of a client, made when they are asked for. */
class ClientTypes {
  readonly #cut: ClientCut;
  readonly #made = new Map<string, GraphQLNamedType>();

  constructor(cut: ClientCut) {
    this.#cut = cut;
  }

  root(type: GraphQLObjectType | null | undefined): GraphQLObjectType | null {
    if (!type || this.#cut.isGone(type)) return null;
    return this.#typeOf(type) as GraphQLObjectType; // an object stays one
  }

  /** The objects that are reached through interfaces of theirs alone. */
  implementations(roots: readonly (GraphQLObjectType | null)[]): GraphQLNamedType[] {
    const reached = new Set<string>();
    const found: GraphQLNamedType[] = [];
    const open = roots.flatMap((root) => (root ? [root.name] : []));
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (reached.has(name)) continue;
      reached.add(name);
      const type = this.#cut.graph.getType(name);
      if (!type) continue;
      open.push(...this.#cut.referred(type));
      if (!isInterfaceType(type)) continue;
      const { objects, interfaces } = this.#cut.graph.getImplementations(type);
      for (const implementation of [...objects, ...interfaces]) {
        if (this.#cut.isGone(implementation)) continue;
        open.push(implementation.name);
        found.push(this.#typeOf(implementation));
      }
    }
    return found;
  }

  #typeOf(type: GraphQLNamedType): GraphQLNamedType {
    if (!this.#cut.changed.has(type.name)) return type;
    let made = this.#made.get(type.name);
    if (!made) this.#made.set(type.name, (made = this.#make(type)));
    return made;
  }

  /** The same lists and non-nulls around what a type is for the client. */
  #wrapped<Type extends GraphQLType>(type: Type): Type {
    if (isNonNullType(type)) {
      const inner = this.#wrapped(type.ofType as GraphQLType);
      return (inner === type.ofType ? type : new GraphQLNonNull(inner as never)) as Type;
    }
    if (isListType(type)) {
      const inner = this.#wrapped(type.ofType as GraphQLType);
      return (inner === type.ofType ? type : new GraphQLList(inner)) as Type;
    }
    return this.#typeOf(type as GraphQLNamedType) as Type;
  }

  #make(type: GraphQLNamedType): GraphQLNamedType {
    const { name } = type;
    if (isUnionType(type)) {
      const types = () =>
        type.getTypes().flatMap((one) => (this.#cut.isGone(one) ? [] : [this.#wrapped(one)]));
      return new GraphQLUnionType({ ...type.toConfig(), types, ...unwritten });
    }
    if (isEnumType(type)) {
      const { values, ...config } = type.toConfig();
      const kept = Object.entries(values).filter(([value]) => this.#cut.isKeptValue(type, value));
      return new GraphQLEnumType({
        ...config,
        values: Object.fromEntries(kept),
        ...unwritten,
      });
    }
    if (isInputObjectType(type)) {
      const { fields, ...config } = type.toConfig();
      const kept = (): Record<string, GraphQLInputFieldConfig> =>
        Object.fromEntries(
          Object.entries(fields)
            .filter(
              ([field, { type: of }]) => this.#cut.isKept(name, field) && !this.#cut.isGone(of),
            )
            .map(([field, of]) => [field, { ...of, type: this.#wrapped(of.type) }]),
        );
      return new GraphQLInputObjectType({ ...config, fields: kept, ...unwritten });
    }
    if (!isComposite(type)) return type;
    const changes = {
      fields: () => this.#fieldsOf(type),
      interfaces: () =>
        type.getInterfaces().flatMap((one) => (this.#cut.isGone(one) ? [] : [this.#wrapped(one)])),
      ...unwritten,
    };
    return isObjectType(type)
      ? new GraphQLObjectType({ ...type.toConfig(), ...changes })
      : new GraphQLInterfaceType({ ...type.toConfig(), ...changes });
  }

  #fieldsOf(type: Composite): GraphQLFieldConfigMap<unknown, unknown> {
    const fields: Record<string, GraphQLFieldConfig<unknown, unknown>> = {};
    for (const [name, field] of Object.entries(type.toConfig().fields)) {
      if (!this.#cut.isKept(type.name, name) || this.#cut.isGone(field.type)) continue;
      const args: Record<string, GraphQLArgumentConfig> = {};
      for (const [argument, of] of Object.entries(field.args ?? {})) {
        if (!this.#cut.isKeptArg(type.name, name, { name: argument, type: of.type })) continue;
        args[argument] = { ...of, type: this.#wrapped(of.type) };
      }
      fields[name] = { ...field, type: this.#wrapped(field.type), args };
    }
    return fields;
  }
}

/** What was written of a type is not what is left of it. */
const unwritten = { astNode: undefined, extensionASTNodes: [] };
