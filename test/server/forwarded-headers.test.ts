import {
  createServer,
  createSubschemaBuilder,
  defineBatch,
  defineBff,
  defineRestBackend,
  defineSubschema,
  fakeBackend,
} from 'tailorbird';
import { expect, onTestFinished, test } from 'vitest';
import { forwardedHeadersOf } from '../../src/server/forwarded-headers.ts';
import { createLogger } from '../../src/server/log.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('what no backend is told is not there for resolvers either', () => {
  const given = { traceparent, tracestate: 'a=\u00e9', 'accept-language': 'de\tx' };
  expect(forwardedHeadersOf(new Headers(given))).toEqual({ traceparent });
});

test('an answer is kept for the language that backends were told', async () => {
  const told: (string | undefined)[] = [];
  const trains = defineRestBackend({ name: 'trains', endpoints: 'http://127.0.0.1:1' });
  const byId = defineBatch(trains, {
    load: (_ids: readonly string[], api) => api.get('/') as Promise<{ id: string }[]>,
    keyOf: ({ id }) => id,
    cache: { scope: 'public', ttlMs: 60_000 },
  });
  const builder = createSubschemaBuilder();
  let runs = 0;
  builder.queryField('train', (t) =>
    t.string({
      async resolve(_, _args, context) {
        runs += 1;
        return (await byId.load(context, '1'))?.id;
      },
    }),
  );
  const bff = defineBff({
    name: 'toy',
    subschemas: [defineSubschema({ backend: trains, builder })],
  });
  const server = createServer(bff, {
    environment: 'development',
    backends: {
      trains: fakeBackend({
        'GET /': (_request, { headers }) => {
          told.push(headers['accept-language']);
          return [{ id: '1' }];
        },
      }),
    },
    logger: createLogger({ environment: 'production', write: () => {} }),
  });
  const { url } = await server.listen();
  onTestFinished(() => server.close());
  const ask = async (language: string) => {
    const headers = { 'content-type': 'application/json', 'accept-language': language };
    const response = await fetch(url, { method: 'POST', headers, body: '{"query":"{ train }"}' });
    return response.json();
  };
  for (const language of ['d\u00e9', `de${' '.repeat(600)}x`, 'en\u00fc']) {
    expect(await ask(language)).toEqual({ data: { train: '1' } });
  }
  expect(runs).toBe(1);
  expect(told).toEqual([undefined]);
});
