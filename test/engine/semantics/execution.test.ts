import { type GraphQLResolveInfo, GraphQLScalarType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/engine.ts';
import { schemaOf } from '../support/run.ts';
import { agree } from './agree.ts';

const later = <Value>(value: Value) => Promise.resolve(value);
const fail = () => {
  throw new Error('failed');
};
const reject = () => Promise.reject(new Error('rejected'));

describe('an operation runs as graphql-js runs it', () => {
  const info: unknown[] = [];
  const schema = schemaOf(
    `
    scalar Odd
    type Deep { a: String b: String c: String deep: Deep deeper: [Deep] promise: Deep }
    type Query { a: String b: String c: String deep: Deep odd: Odd where: String with(x: Int): String seen(x: Int): String }
    type Mutation { a: String seen: String }
    `,
    {
      Odd: new GraphQLScalarType({ name: 'Odd', serialize: () => undefined }),
      Query: {
        odd: () => 'something',
        seen: (source: unknown, args: unknown, context: unknown, told: GraphQLResolveInfo) => {
          const { fieldName, returnType, parentType, path, variableValues, operation } = told;
          info.push([
            [source, args, context],
            [fieldName, String(returnType), String(parentType), path],
            [variableValues, operation, told.rootValue, told.fragments, told.fieldNodes],
            told.schema === schema,
          ]);
          return 'x';
        },
      },
    },
  );
  const deep: object = {
    a: () => 'Apple',
    b: later('Banana'),
    c: () => later('Cookie'),
    deep: () => deep,
    deeper: () => [deep, null, deep],
    promise: () => later(deep),
  };
  const rootValue = { ...deep, where: 'root', with: ({ x }: { x: number }) => `method ${x}` };

  it('with properties, methods and promises of the root value', async () => {
    const { data } = await agree(
      schema,
      'query Q($x: Int) { a b x: c ...C deep { a deeper { a b promise { ...D } } } with(x: $x) where } fragment C on Query { c deep { deep { b } } } fragment D on Deep { e: c deep { c } }',
      { rootValue, variables: { x: 3 } },
    );
    expect(data).toMatchObject({ with: 'method 3', x: 'Cookie', deep: { deep: { b: 'Banana' } } });
  });

  it('with members in the order of the operation, whatever is done first', async () => {
    const { data } = await agree(
      schema,
      '{ c b a deep { c a ...B } ...A } fragment A on Query { where a } fragment B on Deep { b a }',
      { rootValue },
    );
    expect(Object.keys(data ?? {})).toEqual(['c', 'b', 'a', 'deep', 'where']);
  });

  it('with what is asked twice, or by way of the same fragment, once', async () => {
    await agree(
      schema,
      '{ a ...F ...F a deep { ...D deep { a } ...D } } fragment F on Query { a ...G } fragment G on Query { b } fragment D on Deep { a deep { b } }',
      { rootValue },
    );
  });

  it('telling resolvers who asks what, and where', async () => {
    info.length = 0;
    await agree(
      schema,
      'query Q($x: Int = 4) { s: seen(x: $x) ...F } fragment F on Query { t: seen }',
      {
        rootValue,
        context: { who: 'ann' },
      },
    );
    expect(info).toHaveLength(4);
    expect(info[2]).toEqual(info[0]);
    expect(info[3]).toEqual(info[1]);
  });

  it('choosing the operation by its name', async () => {
    const both = 'query One { a } query Two { b } mutation Three { a }';
    for (const operationName of ['One', 'Two', 'Three', 'Four', '']) {
      await agree(schema, both, { rootValue, operationName });
    }
    await agree(schema, both, { rootValue });
    await agree(schema, '{ a }', { rootValue });
    await agree(schema, 'query Only { a }', { rootValue });
    await agree(schema, 'fragment F on Query { a }');
  });

  it('refusing what the schema does not have', async () => {
    const small = schemaOf('type Query { a: String }');
    for (const source of ['{ unknown }', '{ a { below } }', 'type Other { a: Int } query { a }']) {
      await agree(small, source);
    }
  });

  it('refusing kinds of operations that the schema does not have, before anything runs', () => {
    const small = schemaOf('type Query { a: String }');
    const engine = createEngine({ schema: small, subschemas: [{ schema: small }] });
    for (const kind of ['mutation', 'subscription']) {
      expect(engine.prepare(`${kind} { a }`)).toMatchObject({
        errors: [{ message: `Schema is not configured to execute ${kind} operation.` }],
      });
    }
  });

  it('with an error where a scalar makes nothing of a value', async () => {
    const { errors } = await agree(schema, '{ odd a }', { rootValue });
    expect(errors?.[0]?.message).toMatch(/to return non-nullable value, returned: undefined/);
  });

  it('without what is skipped or not included', async () => {
    const conditions = [
      '@include(if: true)',
      '@include(if: false)',
      '@skip(if: true)',
      '@skip(if: false)',
    ];
    const pairs = conditions.flatMap((one) => conditions.map((other) => `${one} ${other}`));
    for (const condition of [
      ...conditions,
      ...pairs.filter((pair) => /include.*skip/.test(pair)),
    ]) {
      await agree(schema, `{ a b ${condition} }`, { rootValue });
      await agree(schema, `{ a ...F ${condition} } fragment F on Query { b }`, { rootValue });
      await agree(schema, `{ a ... on Query ${condition} { b } }`, { rootValue });
      await agree(schema, `{ a ... ${condition} { b } }`, { rootValue });
      await agree(schema, `{ a ${condition} }`, { rootValue });
    }
  });

  it('at once where nothing waits', () => {
    const engine = createEngine({
      schema,
      subschemas: [{ schema, rootValue: { a: 'now', b: later('x') } }],
    });
    const answer = (source: string) => {
      const plan = engine.prepare(source);
      if ('errors' in plan) throw plan.errors[0];
      return engine.execute(plan, { context: {} });
    };
    expect(answer('{ a }')).toEqual({ data: { a: 'now' } });
    expect(answer('{ a b }')).toBeInstanceOf(Promise);
  });
});

describe('mutations run as graphql-js runs them', () => {
  it('one after another, going on after one that failed', async () => {
    const done: string[] = [];
    const schema = schemaOf(
      'type Holder { number: Int } type Query { n: Int } type Mutation { now(to: Int): Holder late(to: Int): Holder throws: Holder rejects: Holder must: Holder! }',
      {
        Mutation: {
          now: (_: unknown, { to }: { to: number }) => ({ number: done.push(`now ${to}`) && to }),
          late: async (_: unknown, { to }: { to: number }) => {
            await later(null);
            return { number: done.push(`late ${to}`) && to };
          },
          throws: fail,
          rejects: reject,
          must: () => null,
        },
      },
    );
    const numbers = '{ number }';
    const source = `mutation { a: now(to: 1) ${numbers} b: late(to: 2) ${numbers} throws ${numbers} c: now(to: 3) ${numbers} rejects ${numbers} d: late(to: 4) ${numbers} e: now(to: 5) ${numbers} }`;
    await agree(schema, source);
    expect(done.slice(0, 5)).toEqual(['now 1', 'late 2', 'now 3', 'late 4', 'now 5']);
    expect(done.slice(5)).toEqual(done.slice(0, 5));
    await agree(schema, `mutation { a: now(to: 1) ${numbers} must ${numbers} }`);
  });
});
