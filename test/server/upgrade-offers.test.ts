import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stubServer } from '../support/stub-server.ts';

const server = stubServer();
let port = 0;
beforeAll(async () => {
  port = Number(new URL((await server.listen()).url).port);
});
afterAll(() => server.close());

/** Sends text and reads what comes until the connection ends. */
function answerTo(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, 'localhost', () => socket.write(text));
    socket.on('data', (data) => {
      answer += data;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

const body = '{"query":"{ hello }"}';
const offering = (upgrade: string) =>
  `Host: localhost\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: ${upgrade}\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n`;

describe.each(['h2c', 'TLS/1.0', 'foo, websocket'])('an offer of %s', (upgrade) => {
  test('is ignored, and a POST answered', async () => {
    const answer = await answerTo(
      `POST /graphql HTTP/1.1\r\n${offering(upgrade)}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toContain('{"data":{"hello":"hello world"}}');
  });

  test('is ignored, and a GET answered', async () => {
    const answer = await answerTo(
      `GET /graphql?query={hello} HTTP/1.1\r\n${offering(upgrade)}Accept: application/json\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });
});

test('a WebSocket is opened, however it is written', async () => {
  const socket = connect(port, 'localhost');
  socket.write(
    'GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
  );
  expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 101 /);
  socket.destroy();
});
