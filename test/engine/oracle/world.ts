import { Random } from './random.ts';

/** A graph split over subschemas, as data: what the schemas of a case are built from. */
export interface World {
  readonly seed: number;
  readonly subschemas: readonly SubschemaSpec[];
  readonly entities: readonly EntitySpec[];
  readonly values: readonly ValueSpec[];
  readonly derived: readonly DerivedSpec[];
  /** How often something fails or is missing; 0 for a world without failures. */
  readonly failures: number;
  /** Whether resolvers may answer later. */
  readonly async: boolean;
}

export interface SubschemaSpec {
  readonly index: number;
  readonly remote: boolean;
  /** Members of its union and of its interface, by type name. */
  readonly members: readonly string[];
}

/** A merged type: the same entities seen from several subschemas. */
export interface EntitySpec {
  readonly name: string;
  readonly homes: readonly HomeSpec[];
  readonly fields: readonly FieldSpec[];
}

/** An entity type in one subschema: the key fields it knows there, and the ways in. */
export interface HomeSpec {
  readonly subschema: number;
  readonly keys: readonly KeyName[];
  readonly entries: readonly (readonly KeyName[])[];
}

export type KeyName = 'id' | 'code' | 'region';

/** A type that only one subschema has. */
export interface ValueSpec {
  readonly name: string;
  readonly subschema: number;
  readonly fields: readonly FieldSpec[];
}

export interface FieldSpec {
  readonly name: string;
  readonly owner: number;
  /** A scalar, or the name of a type of the owner. */
  readonly base: string;
  /** The type in SDL, with its lists and non-nulls. */
  readonly type: string;
  readonly args: boolean;
  readonly how: 'property' | 'resolver' | 'column';
}

/** A gateway field of an entity that reads other fields of it. */
export interface DerivedSpec {
  readonly entity: string;
  readonly name: string;
  /** Fields of the entity; a reference is read down to its id and one leaf. */
  readonly needs: readonly string[];
  readonly selectionSet: string;
}

export const scalars = ['String', 'Int', 'Float', 'Boolean', 'Shout', 'Mood'] as const;

export function createWorld(seed: number): World {
  const random = new Random(seed);
  const count = 2 + random.int(4);
  const failures = random.chance(0.6) ? 0.02 + random.next() * 0.12 : 0;
  const homesOf = (): HomeSpec[] => {
    const indexes = [...Array(count).keys()].filter(() => random.chance(0.75));
    while (indexes.length < 2) {
      const extra = random.int(count);
      if (!indexes.includes(extra)) indexes.push(extra);
    }
    indexes.sort((a, b) => a - b);
    const style = random.pick(['single', 'single', 'pair', 'several'] as const);
    const bridge = random.pick(indexes);
    return indexes.map((subschema): HomeSpec => {
      if (style === 'single') return { subschema, keys: ['id'], entries: [['id']] };
      if (style === 'pair') {
        return { subschema, keys: ['id', 'region'], entries: [['id', 'region']] };
      }
      if (subschema === bridge) {
        return { subschema, keys: ['id', 'code'], entries: [['id'], ['code']] };
      }
      const key = random.pick(['id', 'code'] as const);
      return { subschema, keys: [key], entries: [[key]] };
    });
  };
  const bare = [...Array(2 + random.int(2)).keys()].map((index) => ({
    name: `Entity${index}`,
    homes: homesOf(),
  }));
  const bareValues = [...Array(random.int(3)).keys()].map((index) => ({
    name: `Value${index}`,
    subschema: random.int(count),
  }));
  const typesOf = (subschema: number) => [
    ...bare.filter((one) => one.homes.some((home) => home.subschema === subschema)),
    ...bareValues.filter((one) => one.subschema === subschema),
  ];
  const subschemas = [...Array(count).keys()].map((index) => ({
    index,
    remote: random.chance(0.4),
    members: random.some(typesOf(index), 0.7).map(({ name }) => name),
  }));
  let fieldNumber = 0;
  const fieldOf = (owner: number): FieldSpec => {
    const composites = typesOf(owner).map(({ name }) => name);
    if ((subschemas[owner]?.members.length ?? 0) > 0) {
      composites.push(`Union${owner}`, `Face${owner}`);
    }
    const leaf = composites.length === 0 || random.chance(0.55);
    const base = leaf ? random.pick(scalars) : random.pick(composites);
    return {
      name: `f${fieldNumber++}`,
      owner,
      base,
      type: wrapped(random, base),
      args: random.chance(0.2),
      how: random.pick(
        leaf ? (['property', 'resolver', 'column'] as const) : (['resolver'] as const),
      ),
    };
  };
  const fieldsOf = (owner: number, most: number) =>
    [...Array(1 + random.int(most)).keys()].map(() => fieldOf(owner));
  const entities = bare.map((one) => ({
    ...one,
    fields: one.homes.flatMap((home) => fieldsOf(home.subschema, 3)),
  }));
  const values = bareValues.map((one) => ({ ...one, fields: fieldsOf(one.subschema, 3) }));
  return {
    seed,
    subschemas,
    entities,
    values,
    // What fails beside a need in one remote document takes the need with it, as in delegation.
    derived:
      random.chance(0.5) && (failures === 0 || !subschemas.some(({ remote }) => remote))
        ? entities.flatMap((one) => derivedOf(random, one, entities))
        : [],
    failures,
    async: random.chance(0.5),
  };
}

function wrapped(random: Random, base: string): string {
  const mark = (type: string, probability: number) =>
    random.chance(probability) ? `${type}!` : type;
  let type = mark(base, 0.25);
  if (random.chance(0.3)) type = mark(`[${type}]`, 0.25);
  if (type.startsWith('[') && random.chance(0.3)) type = mark(`[${type}]`, 0.25);
  return type;
}

function derivedOf(
  random: Random,
  entity: EntitySpec,
  entities: readonly EntitySpec[],
): DerivedSpec[] {
  const needs: string[] = [];
  const parts: string[] = [];
  for (const field of random.some(entity.fields, 0.5)) {
    if (field.type.endsWith('!') || field.args) continue;
    const target = entities.find(({ name }) => name === field.base);
    if (target) {
      const leaf = target.fields.find(
        ({ base, type }) => !type.endsWith('!') && (scalars as readonly string[]).includes(base),
      );
      if (leaf) parts.push(`${field.name} { ${leaf.name} }`);
      else continue;
    } else if ((scalars as readonly string[]).includes(field.base)) parts.push(field.name);
    else continue;
    needs.push(field.name);
  }
  if (needs.length === 0) return [];
  const selectionSet = `{ ${parts.join(' ')} }`;
  return [{ entity: entity.name, name: `derived${entity.name}`, needs, selectionSet }];
}
