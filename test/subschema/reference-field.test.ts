import { stitchSchemas } from '@graphql-tools/stitch';
import { type ExecutionResult, execute, parse } from 'graphql';
import { createSubschemaBuilder } from 'tailorbird';
import { expect, it } from 'vitest';
import { createEngine } from '../../src/engine/engine.ts';

interface Trip {
  readonly id: number;
  readonly to: string | null;
}

/** Trips know airports by their codes; `MIA` is an airport that fails, and `XXX` is none. */
function world() {
  const asked: string[][] = [];
  const trips = createSubschemaBuilder();
  const Stub = trips.objectRef<{ readonly iata: string }>('Airport');
  Stub.implement({ fields: (t) => ({ iata: t.exposeID('iata', { nullable: false }) }) });
  const TripRef = trips.objectRef<Trip>('Trip').implement({
    fields: (t) => ({
      id: t.exposeInt('id', { nullable: false }),
      to: t.reference('to', { type: Stub, key: 'iata' }),
    }),
  });
  const codes = ['ATL', 'JFK', null, 'ATL', 'MIA', 'XXX', 'MIA', 'JFK'];
  trips.queryFields((t) => ({
    trips: t.field({ type: [TripRef], resolve: () => codes.map((to, id) => ({ id, to })) }),
  }));
  const airports = createSubschemaBuilder();
  const AirportRef = airports
    .objectRef<{ readonly iata: string; readonly name: string }>('Airport')
    .implement({
      fields: (t) => ({
        iata: t.exposeID('iata', { nullable: false }),
        name: t.exposeString('name'),
      }),
    });
  airports.queryFields((t) => ({
    _airports: t.entry({
      type: AirportRef,
      keys: 'iatas',
      load: (iatas) => {
        asked.push([...iatas]);
        return iatas.map((iata) => {
          if (iata === 'MIA') return new Error('MIA is closed');
          return iata === 'XXX' ? null : { iata, name: `${iata} "International"` };
        });
      },
    }),
  }));
  const subschemas = [
    { schema: trips.toSchema() },
    {
      schema: airports.toSchema(),
      merge: {
        Airport: {
          fieldName: '_airports',
          selectionSet: '{ iata }',
          key: ({ iata }: { iata?: string }) => iata,
          argsFromKeys: (iatas: readonly unknown[]) => ({ iatas }),
        },
      },
    },
  ];
  const typeDefs =
    'directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT';
  const schema = stitchSchemas({ subschemas, typeDefs });
  return { schema, engine: createEngine({ schema, subschemas }), asked };
}

async function answered(query: string) {
  const { engine, schema, asked } = world();
  const plan = engine.prepare(query);
  if ('errors' in plan) throw plan.errors[0];
  const ours = (await engine.execute(plan, { context: {} })) as ExecutionResult;
  const calls = asked.length;
  const theirs = await execute({ schema, document: parse(query), contextValue: {} });
  expect(JSON.parse(JSON.stringify(ours.data))).toEqual(JSON.parse(JSON.stringify(theirs.data)));
  return { ...ours, calls, keys: asked[0] };
}

it('asks for each key once, and gives every parent its entity', async () => {
  const { data, calls, keys } = await answered('{ trips { id to { iata name } } }');
  expect(calls).toBe(1);
  expect(keys).toEqual(['ATL', 'JFK', 'MIA', 'XXX']);
  const { trips } = data as { trips: { to: { name: string | null } | null }[] };
  expect(trips.map(({ to }) => to && to.name)).toEqual([
    'ATL "International"',
    'JFK "International"',
    null,
    'ATL "International"',
    null,
    null,
    null,
    'JFK "International"',
  ]);
});

it("tells an entity's error wherever it stands", async () => {
  const { errors } = await answered('{ trips { to { name } } }');
  expect(errors?.map(({ path, message }) => [path?.join('.'), message])).toEqual([
    ['trips.4.to.name', 'MIA is closed'],
    ['trips.6.to.name', 'MIA is closed'],
  ]);
});

it('asks nobody for what the key says', async () => {
  const { data, calls } = await answered('{ trips { to { iata __typename } } }');
  expect(calls).toBe(0);
  expect((data as { trips: unknown[] }).trips.slice(0, 3)).toEqual([
    { to: { iata: 'ATL', __typename: 'Airport' } },
    { to: { iata: 'JFK', __typename: 'Airport' } },
    { to: null },
  ]);
});

it('writes as text what it gives as objects', async () => {
  const { engine } = world();
  const plan = engine.prepare('{ a: trips { to { iata } } b: trips { id to { iata } } }');
  if ('errors' in plan) throw plan.errors[0];
  const text = await engine.executeToText(plan, { context: {} });
  expect(String(text)).toBe(JSON.stringify(await engine.execute(plan, { context: {} })));
});

it('defers what is below it at every place', async () => {
  const { engine } = world();
  const plan = engine.prepare('{ trips { id to { iata ... @defer { name } } } }');
  if ('errors' in plan) throw plan.errors[0];
  const answer = await engine.execute(plan, { context: {} });
  if (!('subsequentResults' in answer)) throw new Error('it came in one piece');
  const paths: string[] = [];
  for await (const { incremental = [] } of answer.subsequentResults) {
    for (const { path } of incremental) paths.push((path ?? []).join('.'));
  }
  expect(paths.toSorted()).toEqual([0, 1, 3, 4, 5, 6, 7].map((at) => `trips.${at}.to`));
});
