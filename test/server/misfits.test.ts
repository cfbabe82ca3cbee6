import { buildSchema } from 'graphql';
import {
  createServer,
  createSubschemaBuilder,
  defineBatch,
  defineBff,
  defineGraphqlBackend,
  defineRestBackend,
  defineSubschema,
  fakeBackend,
} from 'tailorbird';
import { expect, it } from 'vitest';
import { createLogger } from '../../src/server/log.ts';

interface Seat {
  readonly id: string;
  readonly row: number;
  readonly price: number;
  readonly tags: readonly string[];
}

const hall = defineRestBackend({ name: 'hall', endpoints: 'http://127.0.0.1:1' });
const seats = defineBatch(hall, {
  name: 'seats',
  load: (ids: readonly string[], api) => api.get('/seats', { query: { ids } }),
  rows: (seats) => seats as Seat[],
  keyOf: (seat) => seat.id,
  cache: { scope: 'none' },
});
const builder = createSubschemaBuilder();
const SeatType = builder.objectRef<Seat>('Seat').implement({
  fields: (t) => ({
    id: t.exposeID('id', { nullable: false }),
    row: t.exposeInt('row'),
    price: t.exposeFloat('price', { nullable: false }),
    tags: t.exposeStringList('tags'),
    doubled: t.int({ resolve: ({ row }) => row * 1.5 }),
  }),
});
builder.queryField('seat', (t) =>
  t.field({ type: SeatType, resolve: (_, _args, context) => seats.load(context, '1') }),
);
const hallSubschema = defineSubschema({ backend: hall, builder });
const plays = defineGraphqlBackend({ name: 'plays', endpoints: 'http://127.0.0.1:1' });
const playsSubschema = defineSubschema({
  backend: plays,
  builder: buildSchema('type Query { acts: Int }'),
});

async function ask(query: string, seat: object) {
  const lines: string[] = [];
  const server = createServer(
    defineBff({ name: 'toy', subschemas: [hallSubschema, playsSubschema] }),
    {
      backends: {
        hall: fakeBackend({ 'GET /seats': () => [seat] }),
        plays: { ...fakeBackend({}), call: async () => acts, probe: async () => true },
      },
      environment: 'production',
      persistedOnly: false,
      logger: createLogger({
        environment: 'production',
        write: (line) => void lines.push(line),
      }),
    },
  );
  const response = await server.fetch(
    new Request('http://bff/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    }),
  );
  const { data, errors } = (await response.json()) as {
    data: unknown;
    errors?: { message: string; path: unknown; extensions: Record<string, unknown> }[];
  };
  await server.close();
  const told = errors?.map(({ message, path, extensions: { code, backend } }) => ({
    message,
    path,
    code,
    backend,
  }));
  return { data, errors: told, log: lines.join('') };
}

const acts = { value: { data: { acts: 'three' } }, headers: {}, bytes: 1 };
const good = { id: '1', row: 2, price: 9.5, tags: ['aisle'] };
const sentence = 'The hall service gave an answer that could not be read.';

it('blames the backend for a value that is not of its type', async () => {
  const { data, errors, log } = await ask('{ seat { id row } }', { ...good, row: 'abc' });
  expect(data).toEqual({ seat: { id: '1', row: null } });
  expect(errors).toEqual([
    { message: sentence, path: ['seat', 'row'], code: 'UPSTREAM_BAD_RESPONSE', backend: 'hall' },
  ]);
  expect(JSON.parse(log)).toMatchObject({
    failures: [{ cause: 'Seat.row: Int cannot represent non-integer value: "abc"' }],
  });
});

it('blames the backend for a value that is missing, and for one that is no list', async () => {
  const { data, errors } = await ask('{ seat { tags } }', { ...good, tags: 'aisle' });
  expect(data).toEqual({ seat: { tags: null } });
  expect(errors).toMatchObject([{ code: 'UPSTREAM_BAD_RESPONSE', backend: 'hall' }]);
  const missing = await ask('{ seat { price } }', { ...good, price: null });
  expect(missing.data).toEqual({ seat: null });
  expect(missing.errors).toMatchObject([
    { path: ['seat', 'price'], code: 'UPSTREAM_BAD_RESPONSE', backend: 'hall' },
  ]);
});

it('blames a GraphQL backend for its own leaf', async () => {
  const { data, errors } = await ask('{ acts }', good);
  expect(data).toEqual({ acts: null });
  expect(errors).toMatchObject([
    { path: ['acts'], code: 'UPSTREAM_BAD_RESPONSE', backend: 'plays' },
  ]);
});

it('blames nobody but us for what a resolver made', async () => {
  const { errors } = await ask('{ seat { doubled } }', { ...good, row: 3 });
  expect(errors).toMatchObject([{ path: ['seat', 'doubled'], code: 'INTERNAL_SERVER_ERROR' }]);
  expect(errors?.[0]).toHaveProperty('backend', undefined);
});
