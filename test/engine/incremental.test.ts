import { describe, expect, it } from 'vitest';
import type { Inputs } from '../../src/engine/engine.ts';
import { byId, engineOf, schemaOf } from './support/run.ts';

const directives =
  'directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT directive @stream(if: Boolean! = true, label: String, initialCount: Int = 0) on FIELD';
let gate = Promise.withResolvers<void>();
const items = {
  schema: schemaOf(
    `${directives} type Item { id: ID! name: String slow: String must: String! parts: [Item!] } type Query { items: [Item!] item: Item numbers: [Int] top: String }`,
    {
      Query: {
        items: () => [
          { id: 1, name: 'one' },
          { id: 2, name: 'two' },
        ],
        item: () => ({
          id: 1,
          name: 'one',
          parts: [
            { id: 2, name: 'two' },
            { id: 3, name: 'three' },
          ],
        }),
        numbers: () => [1, 2, 3],
        top: () => gate.promise.then(() => 'top'),
      },
      Item: {
        slow: ({ id }: { id: number }) => gate.promise.then(() => `slow ${id}`),
        must: () => null,
      },
    },
  ),
};
const details = {
  schema: schemaOf(
    'type Item { id: ID! detail: String } type Query { _items(ids: [ID!]!): [Item] }',
    {
      Query: {
        _items: (_: unknown, { ids }: { ids: string[] }) =>
          ids.map((id) => ({ id, detail: `detail ${id}` })),
      },
    },
  ),
  merge: { Item: byId('_items') },
};
const engine = engineOf([items, details], { typeDefs: directives });

/** The parts of an answer as JSON, the gate opened after the first. */
async function parts(source: string, inputs: Inputs = {}): Promise<unknown[]> {
  gate = Promise.withResolvers<void>();
  const plan = engine.prepare(source);
  if ('errors' in plan) throw plan.errors[0];
  const result = await engine.execute(plan, { context: {}, ...inputs });
  if (!('initialResult' in result)) return [result];
  const all: unknown[] = [result.initialResult];
  gate.resolve();
  for await (const part of result.subsequentResults) all.push(part);
  return JSON.parse(JSON.stringify(all)) as unknown[];
}

describe('@defer', () => {
  it('delivers slow fields after the first result, merges included', async () => {
    expect(await parts('{ item { id ... @defer(label: "later") { slow detail } } }')).toEqual([
      { data: { item: { id: '1' } }, hasNext: true },
      {
        incremental: [
          { data: { slow: 'slow 1', detail: 'detail 1' }, path: ['item'], label: 'later' },
        ],
        hasNext: false,
      },
    ]);
  });

  it('gives a part per row of a list, and one at the root', async () => {
    const [first, ...rest] = await parts(
      '{ ...Top @defer items { id ...S @defer } } fragment Top on Query { top } fragment S on Item { slow }',
    );
    expect(first).toEqual({ data: { items: [{ id: '1' }, { id: '2' }] }, hasNext: true });
    const found = rest.flatMap((part) => (part as { incremental?: unknown[] }).incremental ?? []);
    expect(found).toHaveLength(3);
    expect(found).toEqual(
      expect.arrayContaining([
        { data: { top: 'top' }, path: [] },
        { data: { slow: 'slow 1' }, path: ['items', 0] },
        { data: { slow: 'slow 2' }, path: ['items', 1] },
      ]),
    );
  });

  it('nulls its own part for a null that must not be', async () => {
    const [, part] = await parts('{ item { id ... @defer { must } } }');
    expect(part).toMatchObject({
      incremental: [{ data: null, path: ['item'], errors: [{ path: ['item', 'must'] }] }],
    });
  });

  it('nests', async () => {
    const all = await parts('{ item { ... @defer { name parts { ... @defer { name } } } } }');
    expect(all).toEqual([
      { data: { item: {} }, hasNext: true },
      {
        incremental: [
          { data: { name: 'one', parts: [{}, {}] }, path: ['item'] },
          { data: { name: 'two' }, path: ['item', 'parts', 0] },
          { data: { name: 'three' }, path: ['item', 'parts', 1] },
        ],
        hasNext: false,
      },
    ]);
  });

  it('does nothing when it is told so, or the client takes no parts', async () => {
    const off = 'query ($on: Boolean!) { item { id ... @defer(if: $on) { name } } }';
    const whole = [{ data: { item: { id: '1', name: 'one' } } }];
    expect(await parts(off, { variables: { on: false } })).toEqual(whole);
    expect(await parts(off, { variables: { on: true }, incremental: false })).toEqual(whole);
    expect(await parts(off, { variables: { on: true } })).toHaveLength(2);
  });
});

describe('@stream', () => {
  it('delivers the rest of a list after its beginning', async () => {
    expect(await parts('{ numbers @stream(initialCount: 1, label: "n") }')).toEqual([
      { data: { numbers: [1] }, hasNext: true },
      { incremental: [{ items: [2, 3], path: ['numbers', 1], label: 'n' }], hasNext: false },
    ]);
    expect(await parts('{ items @stream { id slow ... @defer { name } } }')).toEqual([
      { data: { items: [] }, hasNext: true },
      {
        incremental: [
          {
            items: [
              { id: '1', slow: 'slow 1' },
              { id: '2', slow: 'slow 2' },
            ],
            path: ['items', 0],
          },
          { data: { name: 'one' }, path: ['items', 0] },
          { data: { name: 'two' }, path: ['items', 1] },
        ],
        hasNext: false,
      },
    ]);
  });
});

describe('rows that stand in several places, or nowhere any more', () => {
  const shelf = {
    schema: schemaOf(
      `${directives} type Item { id: ID! must: String! } type Query { twice: [Item!]! strict: [Item!] }`,
      {
        Query: {
          twice: () => ['a', 'a', 'b', 'c'].map((id) => ({ id })),
          strict: () => ['a', 'b', 'c'].map((id) => ({ id })),
        },
        Item: {
          must: ({ id }: { id: string }) => (id === 'a' ? null : id),
        },
      },
    ),
  };
  const shelves = engineOf([shelf, details], { typeDefs: directives });
  const partsOf = async (source: string): Promise<unknown[]> => {
    const plan = shelves.prepare(source);
    if ('errors' in plan) throw plan.errors[0];
    const result = await shelves.execute(plan, { context: {} });
    if (!('initialResult' in result)) return [result];
    const all: unknown[] = [result.initialResult];
    for await (const { incremental = [] } of result.subsequentResults) all.push(...incremental);
    return all;
  };

  it('gives each of two rows with one key what is deferred, and none of them another’s', async () => {
    const [, ...deferred] = await partsOf('{ twice { id ... @defer { detail } } }');
    expect(deferred).toEqual(
      ['a', 'a', 'b', 'c'].map((id, row) => ({
        path: ['twice', row],
        data: { detail: `detail ${id}` },
      })),
    );
  });

  it('delivers nothing into the rest of a list whose beginning was carried away', async () => {
    const source = '{ strict @stream(initialCount: 1) { must ... @defer { id } } }';
    expect(await partsOf(source)).toMatchObject([{ data: { strict: null } }]);
  });
});
