import { type Random, randomOf } from './random.ts';
import type { FieldSpec, HomeSpec, KeyName, World } from './world.ts';

/** An object of the world, as one subschema hands it out. */
export interface Thing {
  readonly __typename: string;
  readonly id: string;
  readonly code: string;
  readonly region: string;
  /** Which subschema handed it out. */
  readonly origin: number;
}

/** What every field of a world is, whoever asks: the one truth that all executors must tell. */
export class Truth {
  readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  thing(typeName: string, id: string, origin: number): Thing {
    return { __typename: typeName, id, code: `c${id}`, region: `r${id.length}`, origin };
  }

  idOf(keys: Readonly<Record<string, unknown>>): string {
    return typeof keys['id'] === 'string' ? keys['id'] : String(keys['code']).slice(1);
  }

  /** A field's value: plain values, things, lists of them, errors. Throws where the field fails. */
  value(thing: Thing, field: FieldSpec, args: Readonly<Record<string, unknown>>): unknown {
    const random = randomOf(
      `${this.world.seed} ${thing.__typename} ${thing.id} ${field.name} ${JSON.stringify(args)}`,
    );
    const place = `${thing.__typename}.${field.name} of ${thing.id}`;
    if (random.chance(this.world.failures)) {
      if (random.chance(0.5)) throw new Error(`${place} failed`);
      return null;
    }
    return this.#wrapped(random, field, field.type, place, JSON.stringify(args));
  }

  /** Roots of subschema `owner`: one thing or several of a type. */
  root(owner: number, typeName: string): Thing[] {
    const random = randomOf(`${this.world.seed} root ${owner} ${typeName}`);
    return [...Array(1 + random.int(4)).keys()].map(() =>
      this.thing(typeName, `${random.int(6)}`, owner),
    );
  }

  missing(typeName: string, id: string, subschema: number): boolean {
    const random = randomOf(`${this.world.seed} missing ${typeName} ${id} ${subschema}`);
    return random.chance(this.world.failures);
  }

  /** What the entry of a subschema says to every key; null when it works. */
  entryFailure(typeName: string, subschema: number): string | null {
    const random = randomOf(`${this.world.seed} entry ${typeName} ${subschema}`);
    return random.chance(this.world.failures) ? `${typeName} of ${subschema} is down` : null;
  }

  /** The subschemas that lead from one home of an entity to another, the last included. */
  hops(typeName: string, from: number, to: number): number[] {
    const homes = this.world.entities.find(({ name }) => name === typeName)?.homes ?? [];
    const start = homes.find(({ subschema }) => subschema === from);
    const reached: { home: HomeSpec; via: number[] }[] = start ? [{ home: start, via: [] }] : [];
    const knows = (key: KeyName) => reached.find(({ home }) => home.keys.includes(key));
    for (;;) {
      const found: typeof reached = [];
      for (const home of homes) {
        if (reached.some((one) => one.home === home)) continue;
        const entry = home.entries.find((keys) => keys.every((key) => knows(key)));
        if (!entry) continue;
        const sources = new Set(entry.map((key) => knows(key)));
        const via = [...sources].flatMap((source) => source?.via ?? []);
        found.push({ home, via: [...via, home.subschema] });
      }
      if (found.length === 0) break;
      reached.push(...found);
    }
    return reached.find(({ home }) => home.subschema === to)?.via ?? [];
  }

  #wrapped(random: Random, field: FieldSpec, type: string, place: string, args: string): unknown {
    const bare = type.endsWith('!') ? type.slice(0, -1) : type;
    if (!bare.startsWith('[')) return this.#bare(random, field, place, args);
    const inner = bare.slice(1, -1);
    return [...Array(random.int(4)).keys()].map((index) => {
      if (random.chance(this.world.failures / 2)) {
        return random.chance(0.5) ? new Error(`${place} failed at ${index}`) : null;
      }
      return this.#wrapped(random, field, inner, place, args);
    });
  }

  #bare(random: Random, field: FieldSpec, place: string, args: string): unknown {
    switch (field.base) {
      case 'String':
        return `${place} ${args} ${random.int(10)}`;
      case 'Int':
        return random.int(1000);
      case 'Float':
        return random.int(1000) / 8;
      case 'Boolean':
        return random.chance(0.5);
      case 'Shout':
        return `quiet ${random.int(10)}`;
      case 'Mood':
        return random.pick(['good', 'bad']);
      default:
        return this.#object(random, field);
    }
  }

  #object(random: Random, field: FieldSpec): Thing {
    let typeName = field.base;
    if (/^(Union|Face)/.test(typeName)) {
      typeName = random.pick(this.world.subschemas[field.owner]?.members ?? []);
    }
    return this.thing(typeName, `${random.int(6)}`, field.owner);
  }
}
