import {
  type GraphQLEnumType,
  type GraphQLInterfaceType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type GraphQLType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
} from 'graphql';
import type { Coordinate } from './coordinates.ts';

export type Composite = GraphQLObjectType | GraphQLInterfaceType;

/** What a client sees of a graph: which types and members are left, and which types that changes. */
export class ClientCut {
  readonly graph: GraphQLSchema;
  /** Types that are hidden, or have nothing left. */
  readonly #gone = new Set<string>();
  readonly #members = new Set<string>();
  readonly #args = new Set<string>();
  /** Types that are not the graph's own any more. */
  readonly changed: Set<string> = new Set();

  constructor(graph: GraphQLSchema, hidden: readonly Coordinate[]) {
    this.graph = graph;
    for (const { typeName, member, argument } of hidden) {
      if (member === null) this.#gone.add(typeName);
      else if (argument === null) this.#members.add(`${typeName}.${member}`);
      else this.#args.add(`${typeName}.${member}.${argument}`);
    }
    const types = Object.values(graph.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
    for (const { name } of types) if (name.startsWith('_')) this.#gone.add(name);
    // A type without members goes, and with it the members that are of it.
    for (let before = -1; before !== this.#gone.size; ) {
      before = this.#gone.size;
      for (const type of types) if (this.#isEmpty(type)) this.#gone.add(type.name);
    }
    this.#spread(types);
  }

  isKept(typeName: string, member: string): boolean {
    return !member.startsWith('_') && !this.#members.has(`${typeName}.${member}`);
  }

  isGone(type: GraphQLType): boolean {
    return this.#gone.has(getNamedType(type).name);
  }

  #isEmpty(type: GraphQLNamedType): boolean {
    if (this.#gone.has(type.name)) return false;
    if (isUnionType(type)) return type.getTypes().every((member) => this.isGone(member));
    if (isEnumType(type))
      return type.getValues().every(({ name }) => !this.isKeptValue(type, name));
    if (!isComposite(type) && !isInputObjectType(type)) return false;
    return Object.values(type.getFields()).every(
      (field) => !this.isKept(type.name, field.name) || this.isGone(field.type),
    );
  }

  isKeptValue(type: GraphQLEnumType, name: string): boolean {
    return !this.#members.has(`${type.name}.${name}`);
  }

  /** Types that lose something, then those that refer to them. */
  #spread(types: readonly GraphQLNamedType[]): void {
    const referrers = new Map<string, string[]>();
    const open: string[] = [];
    for (const type of types) {
      if (this.#gone.has(type.name)) continue;
      if (this.#loses(type)) open.push(type.name);
      for (const name of this.referred(type)) {
        const known = referrers.get(name);
        if (known) known.push(type.name);
        else referrers.set(name, [type.name]);
      }
    }
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (this.changed.has(name)) continue;
      this.changed.add(name);
      open.push(...(referrers.get(name) ?? []));
    }
  }

  #loses(type: GraphQLNamedType): boolean {
    if (isUnionType(type)) return type.getTypes().some((member) => this.isGone(member));
    if (isEnumType(type)) return type.getValues().some(({ name }) => !this.isKeptValue(type, name));
    if (isInputObjectType(type)) {
      return Object.values(type.getFields()).some(
        (field) => !this.isKept(type.name, field.name) || this.isGone(field.type),
      );
    }
    if (!isComposite(type)) return false;
    if (type.getInterfaces().some((one) => this.isGone(one))) return true;
    return Object.values(type.getFields()).some(
      (field) =>
        !this.isKept(type.name, field.name) ||
        this.isGone(field.type) ||
        field.args.some((arg) => !this.isKeptArg(type.name, field.name, arg)),
    );
  }

  isKeptArg(
    typeName: string,
    field: string,
    arg: { readonly name: string; readonly type: GraphQLType },
  ): boolean {
    return !this.#args.has(`${typeName}.${field}.${arg.name}`) && !this.isGone(arg.type);
  }

  /** The names of the types that what is kept of a type refers to. */
  referred(type: GraphQLNamedType): string[] {
    const names: string[] = [];
    const refer = (to: GraphQLType) => {
      if (!this.isGone(to)) names.push(getNamedType(to).name);
    };
    if (isUnionType(type)) type.getTypes().forEach(refer);
    if (isInputObjectType(type) || isComposite(type)) {
      for (const field of Object.values(type.getFields())) {
        if (!this.isKept(type.name, field.name)) continue;
        refer(field.type);
        if (!('args' in field)) continue;
        for (const arg of field.args) {
          if (this.isKeptArg(type.name, field.name, arg)) refer(arg.type);
        }
      }
    }
    if (isComposite(type)) type.getInterfaces().forEach(refer);
    return names;
  }
}

export const isComposite = (type: GraphQLType): type is Composite =>
  isObjectType(type) || isInterfaceType(type);
