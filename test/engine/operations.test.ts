import { describe, expect, it, vi } from 'vitest';
import { JsonText } from '../../src/engine/text.ts';
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
  const collect = async (source: string) => {
    const plan = engine.prepare(source);
    if ('errors' in plan) throw plan.errors[0];
    const subscribed = await engine.subscribe(plan, {});
    if (!('events' in subscribed)) return subscribed;
    const all: unknown[] = [];
    for await (const event of subscribed.events) {
      const answer = await subscribed.answer(event, { context: {} });
      all.push(answer instanceof JsonText ? JSON.parse(answer.toString()) : answer);
    }
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

  it('answers an event in the context that it comes with, until nobody wants it', async () => {
    const open = Promise.withResolvers<string>();
    const asked = engineOf([
      {
        schema: schemaOf('type Query { q: String } type Subscription { who: String }', {
          Subscription: {
            who: {
              subscribe: async function* () {},
              resolve: (event: string, _: unknown, context: { readonly name?: string }) =>
                context.name === undefined ? open.promise : `${event} ${context.name}`,
            },
          },
        }),
      },
    ]);
    const plan = asked.prepare('subscription { who }');
    if ('errors' in plan) throw plan.errors[0];
    const subscribed = await asked.subscribe(plan, {});
    if (!('events' in subscribed)) throw new Error('no events');
    expect(String(subscribed.answer('hello', { context: { name: 'ann' } }))).toBe(
      '{"data":{"who":"hello ann"}}',
    );
    const controller = new AbortController();
    const answer = subscribed.answer('hello', { context: {}, signal: controller.signal });
    controller.abort(new Error('left'));
    await expect(answer).rejects.toThrow('left');
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

describe('a condition that is null', () => {
  const engine = engineOf([{ schema: schemaOf('type Query { a: String b: String }', {}) }]);

  it.each(['@skip', '@include'])(
    'of %s is refused, since it is neither true nor false',
    async (name) => {
      const source = `query($v: Boolean = true) { a ...B } fragment B on Query { b ${name}(if: $v) }`;
      const { data, errors } = await run(engine, source, { variables: { v: null } });
      expect(data).toBeUndefined();
      expect(errors?.map(({ message }) => message)).toEqual([
        `Variable "$v" is null, but "if" of "${name}" takes true or false.`,
      ]);
      expect(await run(engine, source)).toEqual({ data: expect.anything() });
    },
  );
});
