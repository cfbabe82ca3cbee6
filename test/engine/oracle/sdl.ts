import { GraphQLScalarType } from 'graphql';
import type { Thing } from './truth.ts';
import type { FieldSpec, World } from './world.ts';

export type Args = Record<string, unknown>;
export type Resolvers = Record<string, Record<string, unknown>>;

/** What a derived field comes to: the fields that it needs, as text. */
export function describeNeeds(parent: object, needs: readonly string[]): string {
  return JSON.stringify(needs.map((name) => (parent as Args)[name] ?? null));
}

export const faceOf = ({ __typename, id }: Thing) => `face of ${__typename} ${id}`;
export const keySdl = (key: string) => (key === 'id' ? 'id: ID!' : `${key}: ID`);
export const leafSdl = ['scalar Shout', 'enum Mood { GOOD BAD }'];

export function leafResolvers(): Resolvers {
  const Shout = new GraphQLScalarType({
    name: 'Shout',
    serialize: (value) => String(value).toUpperCase(),
    parseValue: (value) => value,
  });
  return { Shout, Mood: { GOOD: 'good', BAD: 'bad' } } as unknown as Resolvers;
}

export function keySdls({ entities }: World, index: number): string[] {
  return entities
    .filter(({ homes }) => homes.some((one) => one.subschema === index && one.keys.length > 1))
    .map(({ name }) => `input ${name}Key { id: ID! region: ID! }`);
}

export function abstractSdl({ subschemas }: World, indexes: readonly number[]): string[] {
  return indexes.flatMap((index) => {
    const members = subschemas[index]?.members ?? [];
    if (members.length === 0) return [];
    return [
      `union Union${index} = ${members.join(' | ')}`,
      `interface Face${index} { face${index}: String }`,
    ];
  });
}

export function typeSdl(
  world: World,
  index: number | null,
  typeName: string,
  keys: string,
  fields: readonly FieldSpec[],
): string {
  const faces = world.subschemas.filter(
    (one) => (index === null || one.index === index) && one.members.includes(typeName),
  );
  const implemented =
    faces.length > 0 ? ` implements ${faces.map((one) => `Face${one.index}`).join(' & ')}` : '';
  const own = fields.map(
    ({ name, type, args }) => `${name}${args ? '(text: String = "t", number: Int)' : ''}: ${type}`,
  );
  const face = faces.map((one) => `face${one.index}: String`);
  return `type ${typeName}${implemented} { ${[keys, ...own, ...face].join(' ')} }`;
}
