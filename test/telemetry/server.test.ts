import { afterEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  listLogger,
  type LoggedLine,
  type StubOptions,
  stubServer,
} from '../support/stub-server.ts';
import { valueOf } from './call-records.ts';
import { attributesOf, startCollector } from './collector.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function listening(options: StubOptions = {}) {
  const log: LoggedLine[] = [];
  const server = stubServer({ logger: listLogger(log), ...options });
  const { url, adminUrl } = await server.listen();
  closing.push(() => server.close());
  const ask = (query: string, headers: Record<string, string> = {}) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
  const metrics = async () => (await fetch(`${adminUrl}/metrics`)).text();
  return { server, url, adminUrl, log, ask, metrics };
}

it('shows its metrics on the admin port only', async () => {
  const { url, adminUrl, ask, metrics } = await listening();
  await ask('query Hello { hello }', {
    'graphql-client-name': 'shop',
    'graphql-client-version': '3.1',
  });
  await ask('{ fails(how: TIMEOUT) }');
  await ask('{ nonsense }');
  const text = await metrics();
  const total = (labels: Record<string, string>) =>
    valueOf(text, 'tailorbird_operations_total', labels);
  expect(total({ operation: 'Hello', client: 'shop', client_version: '3.1', outcome: 'ok' })).toBe(
    1,
  );
  expect(total({ type: 'query', outcome: 'partial' })).toBe(1);
  expect(total({ type: '', outcome: 'GRAPHQL_VALIDATION_FAILED' })).toBe(1);
  expect(valueOf(text, 'tailorbird_operations_in_flight')).toBe(0);
  expect(valueOf(text, 'tailorbird_http_responses_total', { status: '200' })).toBe(3);
  expect(valueOf(text, 'tailorbird_open_connections', { kind: 'http' })).toBeGreaterThan(0);
  const answer = await fetch(`${adminUrl}/metrics`, { method: 'HEAD' });
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect((await fetch(new URL('/metrics', url))).status).toBe(404);
});

it('says which trace an operation belongs to beside its request, on every transport', async () => {
  const { url, ask, log } = await listening();
  await ask('{ hello }', { traceparent, 'x-request-id': 'r-post' });
  await ask('{ hello }', { traceparent: 'nonsense', 'x-request-id': 'r-none' });
  await fetch(`${url}?query={hello}`, { headers: { traceparent, 'x-request-id': 'r-get' } });
  await overWebSocket(url, { query: '{ hello }', extensions: { traceparent } });
  const ids = log
    .filter(({ message }) => message === 'operation')
    .map(({ fields }) => [fields['requestId'], fields['traceId']]);
  expect(ids).toEqual([
    ['r-post', traceId],
    ['r-none', undefined],
    ['r-get', traceId],
    [expect.any(String), traceId],
  ]);
});

it('sends its spans to the collector it is told of, and logs their trace', async () => {
  await using collector = await startCollector();
  const { server, ask, log } = await listening({ traces: { otlpEndpoint: collector.url } });
  await ask('query Hello { hello }', { 'x-request-id': 'r1' });
  closing.length = 0;
  await server.close();
  const span = collector.spans.find(({ name }) => name === 'query Hello');
  expect(span?.parentSpanId).toBeUndefined();
  expect(attributesOf(span)).toMatchObject({ 'tailorbird.request_id': 'r1' });
  const line = log.find(({ message }) => message === 'operation');
  expect(line?.fields['traceId']).toBe(span?.traceId);
});

const waterfall = { 'x-tailorbird-waterfall': '1' };

it('draws a waterfall for those who ask, in development', async () => {
  const { ask } = await listening();
  const asked = await (await ask('{ hello }', { ...waterfall, traceparent })).json();
  expect(asked).toEqual({
    data: { hello: 'hello world' },
    extensions: {
      tailorbird: expect.objectContaining({ requestId: expect.any(String), traceId, calls: [] }),
    },
  });
  expect(await (await ask('{ hello }')).json()).toEqual({ data: { hello: 'hello world' } });
});

it('draws none in production, whoever asks', async () => {
  const { ask } = await listening({ environment: 'production', persistedOnly: false });
  expect(await (await ask('{ hello }', waterfall)).json()).toEqual({
    data: { hello: 'hello world' },
  });
});

it('draws one for an answer with errors, too', async () => {
  const { ask } = await listening();
  const answer = await (await ask('{ fails(how: DOWN) }', waterfall)).json();
  expect(answer).toMatchObject({
    data: { fails: null },
    errors: [{}],
    extensions: { tailorbird: { calls: [] } },
  });
});

it('counts the events of a subscription', async () => {
  const { url, metrics } = await listening();
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: 'subscription Ticks { ticks(to: 2) }' }),
  });
  await response.text();
  expect(
    valueOf(await metrics(), 'tailorbird_subscription_events_total', { operation: 'Ticks' }),
  ).toBe(2);
});

function overWebSocket(url: string, payload: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
    socket.on('error', reject);
    socket.on('open', () => socket.send('{"type":"connection_init"}'));
    socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      if (message.type === 'connection_ack') {
        socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload }));
      } else if (message.type === 'complete') {
        socket.close();
        resolve(undefined);
      }
    });
  });
}
