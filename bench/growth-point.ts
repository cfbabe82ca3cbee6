/**
 * One point of the growth curves: builds a made-up graph, answers one query over and over in this
 * process, and prints a `GrowthResult`. Reads a `GrowthPoint` from `argv[2]`, both as JSON.
 *
 * Every subschema serves a field of `Item`, merged on its id, beside types that no query touches.
 * Rows are at hand, so that what is measured is the engine and the door, not a backend.
 */
import { makeExecutableSchema } from '@graphql-tools/schema';
import {
  createServer,
  defineBff,
  defineRestBackend,
  defineSubschema,
  fakeBackend,
} from 'tailorbird';

export interface GrowthPoint {
  readonly subschemas: number;
  /** Object types of the whole graph, those of the query included. */
  readonly types: number;
  /** Items that the query answers with. */
  readonly list: number;
  /** Items inside items; each level is a merge. */
  readonly depth: number;
  readonly measureMs: number;
}

export interface GrowthResult {
  /** From the start of the process to the first answer. */
  readonly startMs: number;
  /** The same in CPU time, which other work on the machine does not lengthen as much. */
  readonly startCpuMs: number;
  readonly cpuMs: number;
  readonly residentMb: number;
}

interface Item {
  readonly id: string;
}

const point = JSON.parse(process.argv[2] ?? '') as GrowthPoint;
const names = Array.from({ length: point.subschemas }, (_, index) => `s${index}`);
const items = Array.from({ length: point.list }, (_, index): Item => ({ id: String(index) }));
const ignore = (): void => {};

const server = createServer(
  defineBff({
    name: 'growth',
    subschemas: names.map((name) => {
      const backend = defineRestBackend({ name, endpoints: 'http://127.0.0.1:9' });
      const merge = { Item: { key: 'id', entry: `_${name}Items` } };
      return defineSubschema({ backend, builder: schemaOf(name), merge });
    }),
  }),
  {
    backends: Object.fromEntries(names.map((name) => [name, fakeBackend({})])),
    environment: 'production',
    persistedOnly: false,
    rateLimit: false,
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    limits: { depth: 64 },
  },
);
const body = JSON.stringify({ query: `{ items ${selection(point.depth)} }` });

await answer();
const startMs = performance.now();
const startCpuMs = cpuMsSince();
await answerFor(point.measureMs / 2);
const before = process.cpuUsage();
const requests = await answerFor(point.measureMs);
const cpuMs = cpuMsSince(before) / requests;
const result: GrowthResult = {
  startMs,
  startCpuMs,
  cpuMs,
  residentMb: process.memoryUsage.rss() / 1024 / 1024,
};
process.stdout.write(JSON.stringify(result));
process.exit(0);

/** The first serves the list and the items inside items; every one of them a field of its own. */
function schemaOf(name: string) {
  const isFirst = name === 's0';
  const fillers = Math.max(0, Math.floor(point.types / point.subschemas) - 2);
  const types = Array.from(
    { length: fillers },
    (_, index) =>
      `type ${name}T${index} { id: ID! label: String next: ${name}T${(index + 1) % fillers} }`,
  );
  return makeExecutableSchema({
    // The schema is this program's: no need to copy it, which would count as start-up.
    updateResolversInPlace: true,
    typeDefs: `
      type Query {
        ${isFirst ? 'items: [Item]' : ''}
        ${fillers > 0 ? `${name}: ${name}T0` : ''}
        _${name}Items(ids: [ID!]!): [Item]!
      }
      type Item { id: ID! ${name}Text: String ${isFirst ? 'inner: Item' : ''} }
      ${types.join('\n')}`,
    resolvers: {
      Query: {
        ...(isFirst ? { items: () => items } : {}),
        [`_${name}Items`]: async (_: unknown, { ids }: { ids: string[] }) =>
          ids.map((id) => ({ id })),
      },
      Item: {
        [`${name}Text`]: ({ id }: Item) => `${name} ${id}`,
        ...(isFirst ? { inner: ({ id }: Item) => ({ id }) } : {}),
      },
    },
  });
}

function selection(depth: number): string {
  return `{ id s0Text s1Text ${depth > 1 ? `inner ${selection(depth - 1)}` : ''} }`;
}

/** Of this process since an earlier reading, or since its start. */
function cpuMsSince(before?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

async function answerFor(ms: number): Promise<number> {
  const end = performance.now() + ms;
  let requests = 0;
  while (performance.now() < end || requests < 3) {
    await answer();
    requests++;
  }
  return requests;
}

async function answer(): Promise<void> {
  const response = await server.fetch(
    new Request('http://127.0.0.1/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    }),
  );
  const text = await response.text();
  if (response.status !== 200 || text.includes('"errors"')) {
    throw new Error(`growth: HTTP ${response.status}, ${text.slice(0, 300)}`);
  }
}
