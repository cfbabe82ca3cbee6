import { parse } from 'graphql';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { measureDocument } from '../../src/server/admission/measure.ts';
import { stubServer } from '../support/stub-server.ts';

const chain = (links: number) =>
  [
    '{ node { ...F0 } }',
    ...Array.from(
      { length: links },
      (_, i) => `fragment F${i} on Node { node { ...F${i + 1} } nodes { ...F${i + 1} } }`,
    ),
    `fragment F${links} on Node { id }`,
  ].join('\n');
const nested = (depth: number) => `${'{ node '.repeat(depth)}{ id }${' }'.repeat(depth)}`;
const repeat = (count: number, each: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => each(index)).join(' ');

const overLimit: readonly [string, string, string][] = [
  [
    'tokens',
    `{ ${repeat(1_001, () => 'hello')} }`,
    'more than 1000 tokens; the limit "tokens" is 1000',
  ],
  ['nesting of 5,000', nested(5_000), 'more than 1000 tokens; the limit "tokens" is 1000'],
  ['depth', nested(10), '11 levels of fields; the limit "depth" is 10'],
  [
    'depth in fragments',
    `{ ...F } fragment F on Query ${nested(10)}`,
    '11 levels of fields; the limit "depth" is 10',
  ],
  [
    'aliases',
    `{ ${repeat(16, (i) => `a${i}: __typename`)} }`,
    '16 aliases; the limit "aliases" is 15',
  ],
  [
    'root fields',
    `{ ${repeat(21, () => 'hello')} }`,
    '21 root fields; the limit "rootFields" is 20',
  ],
  [
    'directives',
    `{ hello ${repeat(11, () => '@skip(if: false)')} }`,
    '11 directives; the limit "directives" is 10',
  ],
  [
    'selections',
    `{ node { ${repeat(9, () => '...F')} } } fragment F on Node { ${repeat(300, () => 'id')} }`,
    '2701 selections with its fragments written out; the limit "selections" is 2000',
  ],
];

describe('a document over a limit', () => {
  const server = stubServer();
  const production = stubServer({ environment: 'production' });
  let url = '';
  beforeAll(async () => {
    ({ url } = await server.listen());
  });
  afterAll(() => server.close());

  test.each(overLimit)(
    '%s is a clean 400 that names count and limit',
    async (_, source, sentence) => {
      for (const accept of ['application/json', 'application/graphql-response+json']) {
        const answer = await server.post({ query: source }, { accept });
        expect(answer.status).toBe(400);
        expect(await answer.json()).toEqual({
          errors: [
            {
              message: `This operation has ${sentence}.`,
              extensions: expect.objectContaining({
                code: 'COST_LIMIT_EXCEEDED',
                retryable: false,
              }),
            },
          ],
        });
      }
    },
  );

  test.each(overLimit)('%s tells no limit in production', async (_, source) => {
    expect(await (await production.post({ query: source })).json()).toMatchObject({
      errors: [{ message: 'This operation asks for too much.' }],
    });
  });

  test.each(overLimit.filter(([name]) => !name.includes('5,000')))(
    '%s is refused over GET, SSE and WebSocket too',
    async (_, source, sentence) => {
      const message = `This operation has ${sentence}.`;
      const over = async (accept: string) => {
        const target = `${url}?query=${encodeURIComponent(source)}`;
        return (await fetch(target, { headers: { accept } })).text();
      };
      if (source.length < 7_000) {
        const quoted = JSON.stringify(message).slice(1, -1);
        expect(await over('application/json')).toContain(quoted);
        expect(await over('text/event-stream')).toContain(quoted);
      }
      const client = createClient({
        url: url.replace('http', 'ws'),
        webSocketImpl: WebSocket,
        retryAttempts: 0,
      });
      const refused = await new Promise((resolve) => {
        client.subscribe({ query: source }, { next: resolve, error: resolve, complete: () => {} });
      });
      expect(refused).toMatchObject([{ message, extensions: { code: 'COST_LIMIT_EXCEEDED' } }]);
      await client.dispose();
    },
  );

  test('the chain of twenty fragments is refused in under 50 ms of CPU', async () => {
    await server.post({ query: '{ hello }' });
    const before = process.cpuUsage();
    const answer = await server.post({ query: chain(20) });
    const { user, system } = process.cpuUsage(before);
    expect(answer.status).toBe(400);
    expect((user + system) / 1_000).toBeLessThan(50);
  });

  test('what repeats itself at one level is refused or validated in under 100 ms of CPU', async () => {
    const source = `{ node { ${repeat(490, () => 'id')} ${repeat(150, () => '... { id }')} } }`;
    const before = process.cpuUsage();
    await server.post({ query: source.slice(0, 250_000) });
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(100);
  });

  test('introspection does not count as depth', async () => {
    const source = `{ __schema { types { fields { type { ${'ofType { '.repeat(7)} name ${'}'.repeat(7)} } } } } }`;
    expect(await (await server.post({ query: source })).json()).toHaveProperty('data.__schema');
  });

  test('a bff can set its own limits', async () => {
    const own = stubServer({ limits: { depth: 2 } });
    expect((await own.post({ query: '{ node { node { id } } }' })).status).toBe(400);
    expect((await own.post({ query: '{ node { id } }' })).status).toBe(200);
  });
});

describe('introspection', () => {
  const asking = [
    '{ __schema { queryType { name } } }',
    '{ hello ...F } fragment F on Query { ... { a: __type(name: "Node") { name } } }',
  ];

  test.each(asking)('%s is refused in production', async (query) => {
    const production = stubServer({ environment: 'production' });
    const answer = await production.post({ query });
    expect(await answer.json()).toMatchObject({
      errors: [
        {
          message: 'This server does not describe its schema.',
          extensions: { code: 'FORBIDDEN' },
        },
      ],
    });
    expect((await production.post({ query: '{ __typename }' })).status).toBe(200);
  });

  test.each(asking)('%s is answered in production where it is allowed', async (query) => {
    const open = stubServer({ environment: 'production', introspection: true });
    expect(await (await open.post({ query })).json()).not.toHaveProperty('errors');
  });
});

describe('measuring', () => {
  test('writes fragments out, however often they are spread', () => {
    const source = '{ node { ...F ...F } } fragment F on Node { id a: id @include(if: true) }';
    expect(measureDocument(parse(source))).toEqual({
      depth: 2,
      selections: 5,
      aliases: 2,
      rootFields: 1,
      directives: 2,
    });
  });

  test('counts root fields through fragments', () => {
    const source = '{ ...F ... { hello } } fragment F on Query { hello hello }';
    expect(measureDocument(parse(source)).rootFields).toBe(3);
  });

  test('takes the highest of several operations', () => {
    const source = 'query A { hello } query B { node { node { id } } }';
    expect(measureDocument(parse(source))).toMatchObject({ depth: 3, selections: 3 });
  });

  test('ends on fragments that spread themselves', () => {
    const source = '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A hello }';
    expect(measureDocument(parse(source)).selections).toBe(1);
  });

  test('stays at a safe count where the true one has thirty digits', () => {
    expect(measureDocument(parse(chain(100))).selections).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('counts what no operation reaches', () => {
    const source = chain(20).replace('{ node { ...F0 } }', '{ hello }');
    expect(measureDocument(parse(source)).selections).toBeGreaterThan(1_000_000);
  });
});
