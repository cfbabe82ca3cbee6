import { once } from 'node:events';
import { WebSocket } from 'ws';
import { idOf } from './access-server.ts';

/** All that came back: every result of the operation, and its text. */
export interface Got {
  readonly text: string;
  readonly data: unknown;
  /** Of the first result and of what came after it. */
  readonly errors: readonly { readonly code: string; readonly path: string }[];
}

type Headers = Record<string, string>;
export type Send = (url: string, query: string, headers: Headers) => Promise<Got>;

const json = { 'content-type': 'application/json' };

export const post: Send = async (url, query, headers) =>
  read(
    await (
      await fetch(url, {
        method: 'POST',
        headers: { ...json, accept: 'application/json', ...headers },
        body: JSON.stringify({ query }),
      })
    ).text(),
  );

/** A registered operation by its id. */
export const get: Send = async (url, query, headers) => {
  const parameters = new URLSearchParams({ documentId: idOf(query) });
  const response = await fetch(`${url}?${parameters}`, {
    headers: { accept: 'application/json', ...headers },
  });
  return read(await response.text());
};

export const multipart: Send = async (url, query, headers) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...json, accept: 'multipart/mixed; deferSpec=20220824', ...headers },
    body: JSON.stringify({ query }),
  });
  return read(await response.text());
};

/** Leaves after the first result. */
export const serverSentEvents: Send = async (url, query, headers) => {
  const leave = new AbortController();
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...json, accept: 'text/event-stream', ...headers },
    body: JSON.stringify({ query }),
    signal: leave.signal,
  });
  let text = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString();
    if (/data: \{[^\n]*\n\n/.test(text)) break;
  }
  leave.abort();
  return read(text);
};

/** Leaves after the first result. */
export const overWebSocket: Send = async (url, query, headers) => {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', { headers });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await once(socket, 'message');
  socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query } }));
  const [message] = (await once(socket, 'message')) as [Buffer];
  socket.terminate();
  const { type, payload } = JSON.parse(String(message)) as { type: string; payload: unknown };
  return read(JSON.stringify(type === 'error' ? { errors: payload } : payload));
};

interface Part {
  readonly data?: unknown;
  readonly errors?: readonly {
    readonly path?: readonly (string | number)[];
    readonly extensions: { readonly code: string };
  }[];
  readonly incremental?: readonly Part[];
}

/** Reads a JSON body, the parts of a multipart one, or the data of events. */
function read(text: string): Got {
  const parts = text
    .split(/\r?\n/)
    .map((line) => line.replace(/^data: /, ''))
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Part);
  const all = parts.flatMap((part) => [part, ...(part.incremental ?? [])]);
  return {
    text,
    data: parts[0]?.data,
    errors: all.flatMap(({ errors = [] }) =>
      errors.map(({ extensions, path = [] }) => ({
        code: extensions.code,
        path: path.join('.'),
      })),
    ),
  };
}
