import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { Refusal } from '../../src/engine/engine.ts';
import { measure } from '../../src/engine/limits.ts';
import { engineOf, schemaOf } from './support/run.ts';

const schema = schemaOf('type Node { id: ID a: Node b: Node } type Query { node: Node }');
const engine = engineOf([{ schema }]);

/** Fragments that each spread the next under two fields: 2^links selections. */
function chain(links: number): string {
  const fragments = [...Array(links).keys()].map(
    (index) => `fragment F${index} on Node { a { ...F${index + 1} } b { ...F${index + 1} } }`,
  );
  return `{ node { ...F0 } } ${fragments.join(' ')} fragment F${links} on Node { id }`;
}

describe('limits', () => {
  it('refuse a chain of 20 fragments in under 50 ms of CPU', () => {
    const before = process.cpuUsage();
    const refused = engine.prepare(chain(20));
    const { user, system } = process.cpuUsage(before);
    expect(refused).toMatchObject({
      errors: [{ extensions: { code: 'COST_LIMIT_EXCEEDED' } }],
    });
    expect((user + system) / 1000).toBeLessThan(50);
  });

  it('count long chains in linear time, and stop counting', () => {
    expect(measure(parse(chain(3)))).toEqual({ selections: 38, depth: 5 });
    expect(measure(parse(chain(2000))).selections).toBe(2 ** 40);
  });

  it('treat a fragment cycle as endless', () => {
    const { errors } = engine.prepare('{ node { ...A } } fragment A on Node { a { ...A } }') as {
      errors: readonly Error[];
    };
    expect(errors).toHaveLength(1);
  });

  it('refuse depth and tokens', () => {
    const deep = `{ node ${'{ a '.repeat(40)} { id } ${'}'.repeat(40)} }`;
    expect(engine.prepare(deep)).toMatchObject({
      errors: [{ extensions: { code: 'COST_LIMIT_EXCEEDED' } }],
    });
    const long = `{ node { ${'id '.repeat(5000)} } }`;
    expect(engine.prepare(long)).toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_PARSE_FAILED' } }],
    });
  });
});

describe('prepare', () => {
  it('makes a plan once for the same text and operation name', () => {
    const source = 'query A { node { id } } query B { node { a { id } } }';
    const plan = engine.prepare(source, 'A');
    expect(engine.prepare(source, 'A')).toBe(plan);
    expect(engine.prepare(source, 'B')).not.toBe(plan);
    const document = parse(source);
    expect(engine.prepare(document, 'A')).toBe(engine.prepare(document, 'A'));
  });

  it('keeps the newest plans that have room, however many documents come', () => {
    const room = 256 * 1024;
    const bounded = engineOf([{ schema }], {}, { planCacheBytes: room });
    const sources = [...Array(2_000).keys()].map((number) => `{ node { n${number}: id } }`);
    const plans = sources.map((source) => bounded.prepare(source));
    const newestFirst = [...sources.keys()].toReversed();
    const forgotten = newestFirst.findIndex(
      (number) => bounded.prepare(sources[number] ?? '') !== plans[number],
    );
    // A small plan counts for about ten KiB.
    expect(forgotten).toBeGreaterThan(15);
    expect(forgotten).toBeLessThan(40);
  });

  it('says what is wrong with a document', () => {
    const codes = ['{', '{ nope }', 'query A { node { id } } query B { node { id } }', ''].map(
      (source) => (engine.prepare(source) as unknown as Refusal).errors[0]?.extensions,
    );
    expect(codes).toEqual([
      { code: 'GRAPHQL_PARSE_FAILED' },
      { code: 'GRAPHQL_VALIDATION_FAILED' },
      { code: 'BAD_USER_INPUT' },
      { code: 'GRAPHQL_PARSE_FAILED' },
    ]);
    expect(engine.prepare('query A { node { id } }', 'B')).toMatchObject({
      errors: [{ message: 'Unknown operation named "B".' }],
    });
  });
});
