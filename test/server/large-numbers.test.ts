import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { registeredOperations } from '../../src/server/admission/registered-operations.ts';
import { stubServer } from '../support/stub-server.ts';

const source = 'query ($name: String) { hello(name: $name) ... @defer { viewer } }';
const server = stubServer({
  registered: registeredOperations([{ file: 'x', operations: { a: source } }]),
});
let url = '';
beforeAll(async () => {
  ({ url } = await server.listen());
});
afterAll(() => server.close());

type Send = (named: string, variables: string) => Promise<string>;

const post =
  (accept: string): Send =>
  async (named, variables) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: `{${named},"variables":${variables}}`,
    });
    return response.text();
  };

async function overWebSocket(named: string, variables: string): Promise<string> {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  socket.send(`{"id":"1","type":"subscribe","payload":{${named},"variables":${variables}}}`);
  const [answer] = await once(socket, 'message');
  socket.terminate();
  return String(answer);
}

const transports: readonly (readonly [string, Send])[] = [
  ['POST', post('application/json')],
  ['multipart', post('multipart/mixed, application/json')],
  ['server-sent events', post('text/event-stream')],
  ['WebSocket', overWebSocket],
];
const namings = [
  ['its text', `"query":${JSON.stringify(source)}`],
  ['its id', '"documentId":"a"'],
] as const;

describe.each(transports)('over %s', (_, send) => {
  describe.each(namings)('of an operation by %s', (_naming, named) => {
    test.each(['1e400', '-1e400'])('%s is no null', async (number) => {
      const answer = await send(named, `{"name":${number}}`);
      expect(answer).toContain('String cannot represent a non string value');
    });
  });
});
