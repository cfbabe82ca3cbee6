import { buildSchema } from 'graphql';
import {
  createServer,
  createSubschemaBuilder,
  defineBff,
  defineGraphqlBackend,
  defineRestBackend,
  defineSubschema,
  fakeBackend,
  invalidate,
} from 'tailorbird';
import { expect, it, onTestFinished } from 'vitest';
import type { BackendCall, GraphqlRequest } from '../../src/backend/backend.ts';
import { BackendError } from '../../src/error.ts';
import { createLogger } from '../../src/server/log.ts';
import type { BatchCache } from '../../src/load/batch.ts';

const sdl = 'type Query { play(id: ID!): String } type Mutation { rename(id: ID!): String }';

interface ServiceOptions {
  readonly cache: BatchCache;
  readonly headers?: Readonly<Record<string, string>>;
  /** @default the play's id, and how often the service was asked */
  readonly answer?: (request: GraphqlRequest, times: number) => object;
}

/** A bff over a theatre's GraphQL service, and a field of its own that drops what is kept of it. */
function theatre({ cache, headers = {}, answer }: ServiceOptions) {
  const plays = defineGraphqlBackend({ name: 'plays', endpoints: 'http://127.0.0.1:1' });
  const desk = defineRestBackend({ name: 'desk', endpoints: 'http://127.0.0.1:1' });
  const builder = createSubschemaBuilder();
  builder.queryField('desk', (t) => t.string({ resolve: () => 'open' }));
  builder.mutationType({});
  builder.mutationField('newSeason', (t) =>
    t.boolean({
      resolve: async (_, _args, context) => {
        await invalidate(context, ['plays']);
        return true;
      },
    }),
  );
  const asked: GraphqlRequest[] = [];
  const call = async ({ request }: BackendCall) => {
    asked.push(request as GraphqlRequest);
    const { document, variables = {} } = request as GraphqlRequest;
    const field = document.startsWith('mutation') ? 'rename' : 'play';
    // A constant stays in the document.
    const id = /id: "(\w+)"/.exec(document)?.[1] ?? Object.values(variables)[0];
    const value = answer?.(request as GraphqlRequest, asked.length) ?? {
      data: { [field]: `${String(id)}/${asked.length}` },
    };
    return { value, headers, bytes: 1 };
  };
  const server = createServer(
    defineBff({
      name: 'toy',
      subschemas: [
        defineSubschema({ backend: plays, builder: buildSchema(sdl), cache }),
        defineSubschema({ backend: desk, builder }),
      ],
    }),
    {
      backends: {
        plays: { ...fakeBackend({}), call, probe: async () => true },
        desk: fakeBackend({}),
      },
      logger: createLogger({ environment: 'production', level: 'silent' }),
    },
  );
  onTestFinished(() => server.close());
  return {
    asked,
    async ask(query: string, variables?: object, language = 'en') {
      const response = await server.fetch(
        new Request('http://bff/graphql', {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'accept-language': language },
          body: JSON.stringify({ query, variables }),
        }),
      );
      const body = (await response.json()) as { data: unknown; errors?: object[] };
      return { ...body, cacheControl: response.headers.get('cache-control') };
    },
  };
}

const forMinutes = { scope: 'public', ttlMs: 600_000 } as const;

it('knows an answer again whatever the client calls its operation', async () => {
  const { ask, asked } = theatre({ cache: forMinutes });
  await ask('query Home { play(id: "1") }');
  expect((await ask('query Detail { play(id: "1") }')).data).toEqual({ play: '1/1' });
  expect(asked).toHaveLength(1);
});

it('tells languages apart from the first contact on', async () => {
  const { ask, asked } = theatre({
    cache: forMinutes,
    headers: { vary: 'Accept-Language' },
    answer: (_, times) => ({ data: { play: `answer ${times}` } }),
  });
  const both = ['de', 'fr'].map((language) => ask('{ play(id: "1") }', {}, language));
  const [german, french] = await Promise.all(both);
  expect(german!.data).not.toEqual(french!.data);
  expect(asked).toHaveLength(2);
});

it('asks a GraphQL service once for each document and its variables, and says how long it holds', async () => {
  const { ask, asked } = theatre({ cache: forMinutes });
  const first = await ask('{ play(id: "1") }');
  expect(first.data).toEqual({ play: '1/1' });
  expect(first.cacheControl).toMatch(/^public, max-age=5\d\d$/);
  // Another operation whose document for the service is the same.
  expect((await ask('{ desk play(id: "1") }')).data).toEqual({ desk: 'open', play: '1/1' });
  expect((await ask('{ play(id: "2") }')).data).toEqual({ play: '2/2' });
  expect(asked).toHaveLength(2);
  const byVariable = 'query ($id: ID!) { play(id: $id) }';
  expect((await ask(byVariable, { id: '3' })).data).toEqual({ play: '3/3' });
  expect((await ask(byVariable, { id: '4' })).data).toEqual({ play: '4/4' });
  expect((await ask(byVariable, { id: '3' })).data).toEqual({ play: '3/3' });
});

it('shares what is on its way, also where nothing is kept', async () => {
  const { ask, asked } = theatre({ cache: { scope: 'public' } });
  await Promise.all([ask('{ play(id: "1") }'), ask('{ desk play(id: "1") }')]);
  expect(asked).toHaveLength(1);
  await ask('{ play(id: "1") }');
  expect(asked).toHaveLength(2);
});

it('keeps no answer with an error, and tells it', async () => {
  const { ask, asked } = theatre({
    cache: forMinutes,
    answer: (_, times) =>
      times === 1
        ? { data: { play: null }, errors: [{ message: 'no stage', path: ['play'] }] }
        : { data: { play: 'on' } },
  });
  expect(await ask('{ play(id: "1") }')).toMatchObject({
    data: { play: null },
    errors: [{ path: ['play'], extensions: { backend: 'plays' } }],
    cacheControl: 'no-store',
  });
  expect((await ask('{ play(id: "1") }')).data).toEqual({ play: 'on' });
  expect((await ask('{ play(id: "1") }')).data).toEqual({ play: 'on' });
  expect(asked).toHaveLength(2);
});

it('keeps nothing that the service forbids to keep', async () => {
  const { ask, asked } = theatre({ cache: forMinutes, headers: { 'cache-control': 'private' } });
  expect((await ask('{ play(id: "1") }')).cacheControl).toMatch(/no-store/);
  await ask('{ play(id: "1") }');
  expect(asked).toHaveLength(2);
});

it('is dropped by a mutation of the service, and by its name', async () => {
  const { ask, asked } = theatre({ cache: forMinutes });
  await ask('{ play(id: "1") }');
  await ask('mutation { rename(id: "1") }');
  expect((await ask('{ play(id: "1") }')).data).toEqual({ play: '1/3' });
  await ask('mutation { newSeason }');
  expect((await ask('{ play(id: "1") }')).data).toEqual({ play: '1/4' });
  expect(asked).toHaveLength(4);
});

it('is said at definition where the backend is no GraphQL service', () => {
  const backend = defineRestBackend({ name: 'desk', endpoints: 'http://127.0.0.1:1' });
  const builder = createSubschemaBuilder();
  expect(() => defineSubschema({ backend, builder, cache: forMinutes })).toThrow(
    /kept-reads\.test\.ts:\d+: the "desk" subschema has a cache, which only a GraphQL service's has; say it in each defineBatch of "desk"/,
  );
});

it('is not everybody’s where the service is asked with viewers’ tokens', () => {
  const backend = defineGraphqlBackend({
    name: 'plays',
    endpoints: 'http://127.0.0.1:1',
    auth: { audience: 'urn:plays' },
  });
  const define = (cache: BatchCache) =>
    defineSubschema({ backend, builder: buildSchema(sdl), cache });
  expect(() => define(forMinutes)).toThrow(
    /the "plays" subschema's cache is public, but "plays" is asked with viewers' tokens/,
  );
  expect(() => define({ scope: 'viewer', ttlMs: 1_000 })).not.toThrow();
});

it('stays when a mutation was never sent', async () => {
  const { ask, asked } = theatre({
    cache: forMinutes,
    answer: ({ document }) => {
      if (!document.startsWith('mutation')) return { data: { play: 'on' } };
      throw new BackendError({ code: 'CIRCUIT_OPEN', backend: 'plays', message: 'open' });
    },
  });
  await ask('{ play(id: "1") }');
  await ask('mutation { rename(id: "1") }');
  await ask('{ play(id: "1") }');
  expect(asked).toHaveLength(2);
});
