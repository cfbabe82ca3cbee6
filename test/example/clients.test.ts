import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client/core';
import { Defer20220824Handler } from '@apollo/client/incremental';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { getMainDefinition } from '@apollo/client/utilities';
import { cacheExchange, createClient, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { web } from '../../bff-web/bff.ts';
import type { RunningServer } from '../../src/server/server-options.ts';
import { departuresOf, routesOf } from '../sandbox/source-files.ts';
import { serve, startExample } from './example.ts';

const page = `query Page($iata: ID!) {
  airport(iata: $iata) { name routes(first: 2) { flights destination { city } } }
}`;
const deferred = `query Deferred($iata: ID!) {
  airport(iata: $iata) { name ... @defer(label: "delays") { delays { flights } } }
}`;
const departures =
  'subscription Departures($iata: ID!) { departures(iata: $iata) { id origin { city } } }';
const variables = { iata: 'ATL' };
const flightsFromAtlanta = departuresOf('ATL').length;

let example: Awaited<ReturnType<typeof startExample>>;
let server: RunningServer;
let url: string;
let socketUrl: string;

beforeAll(async () => {
  example = await startExample();
  server = serve(web, example.settings);
  ({ url } = await server.listen());
  socketUrl = url.replace('http', 'ws');
});
afterAll(async () => {
  await server.close();
  await example.close();
});

const aDeparture = { id: expect.any(String), origin: { city: 'Atlanta' } };

describe('Apollo Client', () => {
  function connect() {
    const socket = createSocketClient({ url: socketUrl, webSocketImpl: WebSocket });
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      incrementalHandler: new Defer20220824Handler(),
      link: ApolloLink.split(
        ({ query }) => {
          const definition = getMainDefinition(query);
          return (
            definition.kind === 'OperationDefinition' && definition.operation === 'subscription'
          );
        },
        new GraphQLWsLink(socket),
        new HttpLink({ uri: url, fetch }),
      ),
    });
    return Object.assign(client, {
      async [Symbol.asyncDispose]() {
        client.stop();
        await socket.dispose();
      },
    });
  }

  it('runs a query', async () => {
    await using client = connect();
    const { data } = await client.query<{ airport: { routes: { flights: number }[] } }>({
      query: gql(page),
      variables,
    });
    expect(data?.airport.routes.map((route) => route.flights)).toEqual(
      routesOf('ATL')
        .slice(0, 2)
        .map((route) => route.flights),
    );
  });

  it('shows a deferred part after the rest', async () => {
    await using client = connect();
    const states: unknown[] = [];
    await new Promise<void>((resolve, reject) => {
      const subscription = client.watchQuery({ query: gql(deferred), variables }).subscribe({
        next({ data, dataState }) {
          if (data === undefined) return;
          states.push(JSON.parse(JSON.stringify(data)));
          if (dataState !== 'complete') return;
          queueMicrotask(() => subscription.unsubscribe());
          resolve();
        },
        error: reject,
      });
    });
    expect(states.at(-1)).toMatchObject({ airport: { delays: { flights: flightsFromAtlanta } } });
    expect(states[0]).not.toHaveProperty('airport.delays');
  });

  it('follows a subscription over a WebSocket', async () => {
    await using client = connect();
    const first = await new Promise((resolve, reject) => {
      const subscription = client.subscribe({ query: gql(departures), variables }).subscribe({
        next: ({ data }) => {
          queueMicrotask(() => subscription.unsubscribe());
          resolve(data);
        },
        error: reject,
      });
    });
    expect(first).toMatchObject({ departures: aDeparture });
  });
});

describe('urql', () => {
  function connect() {
    const socket = createSocketClient({ url: socketUrl, webSocketImpl: WebSocket });
    const client = createClient({
      url,
      preferGetMethod: false,
      exchanges: [
        cacheExchange,
        fetchExchange,
        subscriptionExchange({
          forwardSubscription: ({ query = '', variables }) => ({
            subscribe: (sink) => ({
              unsubscribe: socket.subscribe(
                { query, variables: variables as Record<string, unknown> },
                sink as never, // graphql-ws allows more kinds of results than urql declares
              ),
            }),
          }),
        }),
      ],
    });
    return Object.assign(client, { [Symbol.asyncDispose]: async () => socket.dispose() });
  }

  it('runs a query', async () => {
    await using client = connect();
    const { data, error } = await client.query(page, variables).toPromise();
    expect(error).toBeUndefined();
    expect(data).toMatchObject({ airport: { name: 'William B Hartsfield-Atlanta Intl' } });
  });

  it('shows a deferred part after the rest', async () => {
    await using client = connect();
    const states: { data: unknown; hasNext: boolean }[] = [];
    await new Promise<void>((resolve) => {
      client.query(deferred, variables).subscribe(({ data, hasNext }) => {
        states.push({ data: JSON.parse(JSON.stringify(data)), hasNext });
        if (!hasNext) resolve();
      });
    });
    expect(states.length).toBeGreaterThan(1);
    expect(states[0]?.data).not.toHaveProperty('airport.delays');
    expect(states.at(-1)?.data).toMatchObject({
      airport: { delays: { flights: flightsFromAtlanta } },
    });
  });

  it('follows a subscription over a WebSocket', async () => {
    await using client = connect();
    const first = await new Promise((resolve) => {
      const { unsubscribe } = client.subscription(departures, variables).subscribe(({ data }) => {
        queueMicrotask(() => unsubscribe());
        resolve(data);
      });
    });
    expect(first).toMatchObject({ departures: aDeparture });
  });
});

describe('subscription clients', () => {
  it('graphql-ws gets departures as they happen, completed by another backend', async () => {
    const client = createSocketClient({ url: socketUrl, webSocketImpl: WebSocket });
    const seen = await take(client.iterate({ query: departures, variables }), 3);
    expect(seen).toHaveLength(3);
    for (const { data } of seen) expect(data).toEqual({ departures: aDeparture });
    await client.dispose();
  });

  it('graphql-sse does too', async () => {
    const client = createSseClient({ url, fetchFn: fetch });
    const seen = await take(client.iterate({ query: departures, variables }), 3);
    expect(seen).toHaveLength(3);
    for (const { data } of seen) expect(data).toEqual({ departures: aDeparture });
    client.dispose();
  });

  it('are told when no flight leaves from there', async () => {
    const client = createSseClient({ url, fetchFn: fetch });
    const [answer] = await take(
      client.iterate({ query: departures, variables: { iata: 'QQQ' } }),
      1,
    );
    expect(answer?.errors?.[0]).toMatchObject({ extensions: { code: 'NOT_FOUND' } });
    client.dispose();
  });
});

async function take<Item>(items: AsyncIterable<Item>, count: number): Promise<Item[]> {
  const taken: Item[] = [];
  for await (const item of items) {
    taken.push(item);
    if (taken.length === count) break;
  }
  return taken;
}
