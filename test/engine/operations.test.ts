import { describe, expect, it, vi } from 'vitest';
import { engineOf, errorTexts, run, schemaOf } from './support/run.ts';

describe('a mutation', () => {
  const order: string[] = [];
  const engine = engineOf([
    {
      schema: schemaOf(
        'type Done { name: String! } type Query { q: String } type Mutation { slow(name: String): Done fast(name: String): Done must: Done! bad: Done }',
        {
          Mutation: {
            slow: async (_: unknown, { name }: { name: string }) => {
              order.push(`start ${name}`);
              await Promise.resolve();
              order.push(`end ${name}`);
              return { name };
            },
            fast: (_: unknown, { name }: { name: string }) => {
              order.push(name);
              return { name };
            },
            must: () => null,
            bad: () => {
              throw new Error('bad');
            },
          },
        },
      ),
    },
  ]);

  it('runs its root fields one after another, the same field as often as it is asked', async () => {
    order.length = 0;
    const source =
      'mutation { a: slow(name: "a") { name } fast(name: "b") { name } bad { name } c: slow(name: "a") { name } }';
    const { data, errors } = await run(engine, source);
    expect(order).toEqual(['start a', 'end a', 'b', 'start a', 'end a']);
    expect(JSON.stringify(data)).toBe(
      '{"a":{"name":"a"},"fast":{"name":"b"},"bad":null,"c":{"name":"a"}}',
    );
    expect(errorTexts(errors)).toEqual(['bad: bad']);
  });

  it('stops at a null that must not be', async () => {
    order.length = 0;
    const { data, errors } = await run(
      engine,
      'mutation { must { name } fast(name: "b") { name } }',
    );
    expect([data, order]).toEqual([null, []]);
    expect(errorTexts(errors)).toEqual([
      'must: Cannot return null for non-nullable field Mutation.must.',
    ]);
  });
});

describe('a subscription', () => {
  const events = {
    schema: schemaOf(
      'type Tick { at: Int! note: String! } type Query { q: String } type Subscription { ticks(to: Int = 2): Tick plain: Int broken: Int notEvents: Int }',
      {
        Subscription: {
          ticks: {
            subscribe: async function* (_: unknown, { to }: { to: number }) {
              for (let at = 1; at <= to; at++)
                yield { ticks: { at, note: at === 2 ? null : 'ok' } };
            },
          },
          plain: {
            subscribe: async function* () {
              yield 5;
            },
            resolve: (event: number) => event * 2,
          },
          broken: {
            subscribe: () => {
              throw new Error('no source');
            },
          },
          notEvents: { subscribe: () => 5 },
        },
      },
    ),
  };
  const engine = engineOf([events]);
  const collect = async (source: string, inputs = {}) => {
    const plan = engine.prepare(source);
    if ('errors' in plan) throw plan.errors[0];
    const results = await engine.subscribe(plan, inputs);
    if (!(Symbol.asyncIterator in results)) return results;
    const all: unknown[] = [];
    for await (const result of results) all.push(result);
    return all;
  };

  it('runs each event through the plan', async () => {
    expect(await collect('subscription { t: ticks(to: 3) { at note } }')).toMatchObject([
      { data: { t: { at: 1, note: 'ok' } } },
      { data: { t: null }, errors: [{ path: ['t', 'note'] }] },
      { data: { t: { at: 3, note: 'ok' } } },
    ]);
    expect(await collect('subscription { plain }')).toEqual([{ data: { plain: 10 } }]);
  });

  it('says why there are no events', async () => {
    expect(await collect('subscription { broken }')).toMatchObject({
      errors: [{ message: 'no source', path: ['broken'] }],
    });
    expect(await collect('subscription { notEvents }')).toMatchObject({
      errors: [{ path: ['notEvents'] }],
    });
  });

  it('gives each event a context of its own', async () => {
    let made = 0;
    const eventContext = vi.fn(() => ({ number: made++ }));
    await collect('subscription { ticks { at } }', { context: {}, eventContext });
    expect(eventContext).toHaveBeenCalledTimes(2);
  });

  it('closes its source when the client leaves', async () => {
    const closed = vi.fn();
    const endless = engineOf([
      {
        schema: schemaOf('type Query { q: String } type Subscription { n: Int }', {
          Subscription: {
            n: {
              subscribe: () => ({
                [Symbol.asyncIterator]: () => ({
                  next: () => new Promise(() => {}),
                  return: async () => {
                    closed();
                    return { done: true, value: undefined };
                  },
                }),
              }),
            },
          },
        }),
      },
    ]);
    const plan = endless.prepare('subscription { n }');
    if ('errors' in plan) throw plan.errors[0];
    const controller = new AbortController();
    const results = await endless.subscribe(plan, { signal: controller.signal });
    if (!(Symbol.asyncIterator in results)) throw new Error('no events');
    const next = results.next();
    controller.abort(new Error('left'));
    await expect(next).rejects.toThrow('left');
    expect(closed).toHaveBeenCalledOnce();
  });
});

describe('an abort', () => {
  it('rejects at once and starts nothing new', async () => {
    const after = vi.fn();
    const open = Promise.withResolvers<object>();
    const engine = engineOf([
      {
        schema: schemaOf('type Node { next: String } type Query { node: Node }', {
          Query: { node: () => open.promise },
          Node: { next: after },
        }),
      },
    ]);
    const controller = new AbortController();
    const result = run(engine, '{ node { next } }', { signal: controller.signal });
    controller.abort(new Error('left'));
    await expect(result).rejects.toThrow('left');
    open.resolve({});
    await open.promise;
    expect(after).not.toHaveBeenCalled();
    await expect(run(engine, '{ node { next } }', { signal: controller.signal })).rejects.toThrow(
      'left',
    );
  });
});
