import { once } from 'node:events';
import { WebSocket } from 'ws';

/** What a client sends, whatever carries it. */
export interface Sent {
  readonly query?: string;
  readonly variables?: Record<string, unknown>;
  readonly documentId?: string;
  readonly id?: string;
  readonly doc_id?: string;
  readonly extensions?: Record<string, unknown>;
}

/** What came back: one result, the first when there are several. */
export interface Got {
  /** Null over a WebSocket, which has none. */
  readonly status: number | null;
  readonly headers: Headers;
  readonly data: unknown;
  readonly codes: readonly unknown[];
  readonly messages: readonly string[];
  readonly text: string;
}

export type Send = (url: string, sent: Sent, headers?: Record<string, string>) => Promise<Got>;

const json = { 'content-type': 'application/json' };

const post =
  (accept: string): Send =>
  async (url, sent, headers) =>
    answered(
      await fetch(url, {
        method: 'POST',
        headers: { ...json, accept, ...headers },
        body: JSON.stringify(sent),
      }),
    );

const get =
  (accept: string): Send =>
  async (url, sent, headers) => {
    const parameters = Object.entries(sent).map(([name, value]): [string, string] => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]);
    return answered(
      await fetch(`${url}?${new URLSearchParams(parameters)}`, { headers: { accept, ...headers } }),
    );
  };

/** Every way an operation can arrive; `POST` meets the short way, the others the long one. */
export const transports: readonly (readonly [name: string, send: Send])[] = [
  ['POST', post('application/json')],
  ['POST, the long way', (url, ...rest) => post('application/json')(`${url}?long`, ...rest)],
  ['multipart', post('multipart/mixed')],
  ['server-sent events', post('text/event-stream')],
  ['GET', get('application/json')],
  ['server-sent events over GET', get('text/event-stream')],
  ['WebSocket', overWebSocket],
];

async function answered(response: Response): Promise<Got> {
  const text = await response.text();
  const start = text.indexOf('{"');
  const lines = start < 0 ? '' : (text.slice(start).split(/\r?\n/)[0] ?? '');
  return { status: response.status, headers: response.headers, ...read(lines, text) };
}

async function overWebSocket(
  url: string,
  sent: Sent,
  headers: Record<string, string> = {},
): Promise<Got> {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', { headers });
  try {
    const refused = new Promise<Got>((resolve, reject) => {
      socket.on('unexpected-response', (_, { statusCode = null, headers: told }) =>
        resolve({
          status: statusCode,
          headers: new Headers(told as Record<string, string>),
          ...read('', ''),
        }),
      );
      socket.on('error', reject);
    });
    const result = async (): Promise<Got> => {
      await once(socket, 'open');
      socket.send(JSON.stringify({ type: 'connection_init' }));
      await once(socket, 'message');
      socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: sent }));
      const [message] = (await once(socket, 'message')) as [Buffer];
      const { type, payload } = JSON.parse(String(message)) as { type: string; payload: unknown };
      const body = type === 'error' ? { errors: payload } : payload;
      return { status: null, headers: new Headers(), ...read(JSON.stringify(body), '') };
    };
    return await Promise.race([refused, result()]);
  } finally {
    socket.terminate();
  }
}

function read(line: string, text: string): Pick<Got, 'data' | 'codes' | 'messages' | 'text'> {
  const body = (line === '' ? {} : JSON.parse(line)) as {
    data?: unknown;
    errors?: { message: string; extensions: { code: unknown } }[];
  };
  const errors = body.errors ?? [];
  return {
    data: body.data ?? null,
    codes: errors.map(({ extensions }) => extensions.code),
    messages: errors.map(({ message }) => message),
    text: text || line,
  };
}
