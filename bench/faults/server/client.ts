import { createClient } from 'graphql-ws';
import { Pool } from 'undici';
import { WebSocket } from 'ws';
import { idOf } from './house.ts';
import type { OperationName } from './operations.ts';

export interface Asked {
  readonly name: OperationName;
  readonly variables?: Readonly<Record<string, unknown>>;
}

export interface Reply {
  readonly status: number;
  /** All of it, in the wire's own words. */
  readonly text: string;
}

/** How operations travel. */
export type Transport = 'post' | 'get' | 'events' | 'parts' | 'socket';

/** An app of one viewer. HTTP goes over connections that all apps of a bff share. */
export interface App {
  ask(transport: Transport, asked: Asked, signal?: AbortSignal): Promise<Reply>;
  close(): Promise<void>;
}

export interface AppOptions {
  readonly url: string;
  readonly pool: Pool;
  /** @default nobody is logged in */
  readonly token?: string | undefined;
  /** Where it says it is, to a bff that trusts a proxy. */
  readonly address: string;
}

const accepts = {
  post: 'application/json',
  get: 'application/json',
  events: 'text/event-stream',
  parts: 'multipart/mixed',
} as const;

export function poolOf(url: string, connections: number): Pool {
  return new Pool(new URL(url).origin, { connections });
}

export function createApp({ url, pool, token, address }: AppOptions): App {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const headers = { ...authorization, 'x-forwarded-for': address };
  const socket = createClient({
    url: url.replace('http', 'ws'),
    connectionParams: authorization,
    // A browser's can't send headers, and this one says where it is.
    webSocketImpl: class extends WebSocket {
      constructor(target: string, protocol: string) {
        super(target, protocol, { headers: { 'x-forwarded-for': address } });
      }
    },
    retryAttempts: 0,
    lazyCloseTimeout: 10_000,
  });

  const overSocket = ({ name, variables = {} }: Asked): Promise<Reply> =>
    new Promise((resolve, reject) => {
      let text = '';
      // A registered operation goes by its id, which the type of a payload has no place for.
      const payload = { documentId: idOf(name), query: '', variables };
      socket.subscribe(payload, {
        next: (result) => (text += JSON.stringify(result)),
        error: reject,
        complete: () => resolve({ status: 200, text }),
      });
    });

  return {
    async ask(transport, asked, signal) {
      if (transport === 'socket') return overSocket(asked);
      const { name, variables = {} } = asked;
      const common = { headers: { ...headers, accept: accepts[transport] }, signal };
      const parameters = new URLSearchParams({
        documentId: idOf(name),
        variables: JSON.stringify(variables),
      });
      const answer =
        transport === 'get'
          ? await pool.request({ ...common, method: 'GET', path: `/graphql?${parameters}` })
          : await pool.request({
              ...common,
              method: 'POST',
              path: '/graphql',
              headers: { ...common.headers, 'content-type': 'application/json' },
              body: JSON.stringify({ documentId: idOf(name), variables }),
            });
      return { status: answer.statusCode, text: await answer.body.text() };
    },
    close: async () => socket.dispose(),
  };
}

/** Whether an answer has data and no error. */
export function isGood({ status, text }: Reply): boolean {
  return status === 200 && text.includes('"data":{') && !text.includes('"errors":');
}
