import { buildSchema } from 'graphql';
import { expect, it } from 'vitest';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import { defineBatch } from '../../src/load/define-batch.ts';
import { createSubschemaBuilder } from '../../src/subschema/builder.ts';
import { defineSubschema } from '../../src/subschema/define-subschema.ts';

const backend = defineRestBackend({ name: 'airports', endpoints: 'http://127.0.0.1:1' });
const builder = buildSchema('type Query { up: Boolean }');

function subschema(options: object) {
  return defineSubschema({ backend, builder, ...options });
}

function batch(options: object) {
  return defineBatch(backend, {
    name: 'airportByIata',
    load: async (codes: readonly string[]) => codes.map((iata) => ({ iata })),
    keyOf: (row: { iata: string }) => row.iata,
    cache: { scope: 'none' },
    ...options,
  });
}

type Fields = Record<'entry' | 'batch' | 'reference', (...options: unknown[]) => never>;

/** The schema of a subschema whose one field is made so. */
function field(make: (t: Fields) => never) {
  const pothos = createSubschemaBuilder();
  pothos.queryFields((t) => ({ it: make(t as unknown as Fields) }));
  return defineSubschema({ backend, builder: pothos }).schema;
}

const key = () => null;

it.each<[string, () => unknown, string]>([
  [
    'of a batch',
    () => batch({ maxBatchSise: 5 }),
    'batch "airportByIata" has no option "maxBatchSise"; it has name, load, rows, keyOf, value, group, keyToString, maxBatchSize, maxUrlBytes, cache, tags. Did you mean "maxBatchSize"?',
  ],
  [
    "of a batch's cache",
    () => batch({ cache: { scope: 'public', ttl: 30_000 } }),
    'batch "airportByIata": its cache has no option "ttl"; it has scope, ttlMs, staleWhileRevalidateMs, staleIfErrorMs, maxBytes. Did you mean "ttlMs"?',
  ],
  [
    'of a subschema',
    () => subschema({ merges: {} }),
    'defineSubschema has no option "merges"; it has backend, builder, merge, authScopes, cache, topics, jobs, webhooks. Did you mean "merge"?',
  ],
  [
    "of a subschema's cache",
    () => subschema({ cache: { scope: 'public', ttl: 30_000 } }),
    'the cache of "airports" has no option "ttl"; it has scope, ttlMs, staleWhileRevalidateMs, staleIfErrorMs, maxBytes. Did you mean "ttlMs"?',
  ],
  [
    'of a merge',
    () => subschema({ merge: { Airport: { key: 'iata', entri: '_airports' } } }),
    'merge.Airport has no option "entri"; it has key, entry. Did you mean "entry"?',
  ],
  [
    'no backend',
    () => subschema({ backend: undefined }),
    'defineSubschema: backend must be what defineRestBackend or its like returns, but got: undefined',
  ],
  [
    'no builder',
    () => subschema({ builder: undefined }),
    'the "airports" subschema: builder must be a Pothos builder or a schema, but got: undefined',
  ],
  [
    'of an entry',
    () => field((t) => t.entry({ type: 'String', keyz: 'ids', load: key })),
    't.entry has no option "keyz"; it has type, keys, load. Did you mean "keys"?',
  ],
  [
    'no keys of an entry',
    () => field((t) => t.entry({ type: 'String', load: key })),
    "t.entry: keys must be the argument's name, such as 'ids', but got: undefined",
  ],
  [
    'of a field that a batch answers',
    () => field((t) => t.batch({ type: 'String', bach: batch({}), key })),
    't.batch has no option "bach"; it has batch, key, args, nullable, type, description, deprecationReason, authScopes, skipTypeScopes, skipInterfaceScopes, extensions, astNode. Did you mean "batch"?',
  ],
  [
    'no batch',
    () => field((t) => t.batch({ type: 'String', batch: {}, key })),
    't.batch: batch must be what defineBatch returns, but got: an empty object',
  ],
  [
    'of a reference',
    () => field((t) => t.reference('origin', { type: 'String', ky: 'iata' })),
    `t.reference('origin') has no option "ky"; it has key, type, description, deprecationReason, authScopes, skipTypeScopes, skipInterfaceScopes, extensions, astNode. Did you mean "key"?`,
  ],
  [
    'no key of a reference',
    () => field((t) => t.reference('origin', { type: 'String' })),
    "t.reference('origin') must say its key, the field that identifies what it refers to",
  ],
])('%s: told with place, rule and nearest name', (_, define, message) => {
  let told = '';
  try {
    define();
  } catch (error) {
    told = (error as Error).message;
  }
  expect(told.replace(/^\S+misspelt-options\.test\.ts:\d+: /, '')).toBe(message);
  expect(told).toMatch(/^test\/subschema\/misspelt-options\.test\.ts:\d+: /);
});

it('a method of `t`: told with the nearest', () => {
  expect(() => field((t) => (t as unknown as { refrence(): never }).refrence())).toThrow(
    new TypeError('t.refrence is not a function. Did you mean "reference"?'),
  );
});
