import { makeExecutableSchema } from '@graphql-tools/schema';
import { GraphQLError } from 'graphql';
import type { LiveBackend, Transport } from '../../src/backend/backend.ts';
import { BackendError } from '../../src/error.ts';
import type { RequestContext } from '../../src/request.ts';
import { registeredOperations } from '../../src/server/admission/registered-operations.ts';
import type { Composed } from '../../src/server/composed.ts';
import { createComposedServer } from '../../src/server/create-server.ts';
import type { RunningServer, ServerOptions } from '../../src/server/server-options.ts';
import { defaultLimits, type Limits } from '../../src/limits.ts';
import type { Logger } from '../../src/server/log.ts';
import { stubEngine } from './stub-engine.ts';

export interface StubServer extends RunningServer {
  readonly log: LoggedLine[];
  /** Events of `ticks` that were asked for, and sources that were returned. */
  readonly source: { started: number; returned: number };
  /** What `hang` and `write` resolvers saw. */
  readonly seen: { aborted: number; written: number };
  /** Lets every `hang` and `write` that waits go on. */
  release(): void;
  /** Resolves when a `hang` or `write` waits. */
  waiting(): Promise<void>;
  post(body: unknown, headers?: Record<string, string>): Promise<Response>;
}

export interface LoggedLine {
  readonly level: string;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

export interface StubOptions extends Partial<ServerOptions> {
  readonly limits?: Partial<Limits>;
  readonly examples?: Composed['examples'];
  readonly registered?: Composed['registered'];
  readonly clients?: Composed['clients'];
}

const typeDefs = /* GraphQL */ `
  "The root of every question."
  type Query {
    "Says hello to a name."
    hello(name: String = "world"): String!
    count(from: Int!): Int
    viewer: String
    requestId: String!
    node: Node
    "Waits until it is let go or the client leaves."
    hang: String
    fails(how: How!): String
    must(how: How!): String!
  }
  type Node { id: ID! node: Node nodes: [Node!] }
  enum How { TIMEOUT DOWN KNOWN BUG SECRET HTTP }
  type Mutation { write(text: String!): String }
  type Subscription {
    "Counts up."
    ticks(to: Int = 3): Int!
    broken: Int
    idle: Int
  }
`;

/** A server over a schema of its own, whose fields fail, hang and stream on demand. */
export function stubServer(options: StubOptions = {}): StubServer {
  const log: LoggedLine[] = [];
  const source = { started: 0, returned: 0 };
  const seen = { aborted: 0, written: 0 };
  const held = new Set<() => void>();
  let announce: (() => void) | undefined;

  const hold = (signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      held.add(resolve);
      announce?.();
      signal?.addEventListener('abort', () => {
        seen.aborted += 1;
        held.delete(resolve);
        resolve();
      });
    });

  const node: object = { id: '1', node: () => node, nodes: () => [node] };
  const engine = stubEngine(
    makeExecutableSchema({
      typeDefs,
      resolvers: {
        Query: {
          hello: (_: unknown, { name }: { name: string }) => `hello ${name}`,
          count: (_: unknown, { from }: { from: number }) => from,
          viewer: (_: unknown, __: unknown, { viewer }: RequestContext) => viewer?.subject ?? null,
          requestId: (_: unknown, __: unknown, { requestId }: RequestContext) => requestId,
          node: () => node,
          hang: async (_: unknown, __: unknown, { signal }: RequestContext) => {
            await hold(signal);
            return 'done';
          },
          fails: fail,
          must: fail,
        },
        Mutation: {
          write: async (_: unknown, { text }: { text: string }) => {
            await hold();
            seen.written += 1;
            return text;
          },
        },
        Subscription: {
          ticks: { subscribe: (_: unknown, { to }: { to: number }) => ticks(to) },
          broken: {
            subscribe: async function* () {
              yield { broken: 1 };
              throw new BackendError(down);
            },
          },
          idle: { subscribe: idle },
        },
      },
    }),
  );

  async function* ticks(to: number) {
    source.started += 1;
    try {
      for (let ticks = 1; ticks <= to; ticks += 1) yield { ticks };
    } finally {
      source.returned += 1;
    }
  }

  function idle() {
    source.started += 1;
    let finish: (() => void) | undefined;
    return {
      next: () =>
        new Promise<IteratorResult<unknown>>((resolve) => {
          announce?.();
          finish = () => resolve({ done: true, value: undefined });
        }),
      return: async () => {
        source.returned += 1;
        finish?.();
        return { done: true as const, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  const composed: Composed<unknown> = {
    name: 'stub',
    clientSchema: engine.schema,
    engine: engine as Composed['engine'],
    limits: { ...defaultLimits, ...options.limits },
    examples: options.examples ?? [],
    registered: options.registered ?? registeredOperations([]),
    clients: options.clients ?? {},
  };
  const server = createComposedServer(composed, {
    backends: new Map(),
    environment: 'development',
    // Most of what is tested in production is not who may ask how often for what.
    persistedOnly: false,
    rateLimit: false,
    logger: listLogger(log),
    ...options,
  });
  return {
    ...server,
    log,
    source,
    seen,
    release() {
      for (const resolve of held) resolve();
      held.clear();
    },
    waiting: () =>
      new Promise((resolve) => {
        announce = resolve;
        if (held.size > 0) resolve();
      }),
    post: (body, headers) =>
      server.fetch(
        new Request('http://stub.invalid/graphql', {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        }),
      ),
  };
}

/** A live backend that is never called, only probed. */
export function probedBackend(name: string, probe?: Transport['probe']): LiveBackend {
  return {
    name,
    transport: {
      call: () => Promise.reject(new Error('not called here')),
      close: async () => {},
      ...(probe && { probe }),
    },
    shared: new Map(),
    now: () => performance.now(),
  };
}

export function listLogger(lines: LoggedLine[]): Logger {
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields: fields as Record<string, unknown>, message });
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

const down = {
  code: 'UPSTREAM_UNAVAILABLE' as const,
  backend: 'flights',
  retryable: true,
  message: 'connect ECONNREFUSED 10.1.2.3:4102',
  cause: new Error('socket closed by flights.internal:4102'),
};

function fail(_: unknown, { how }: { how: string }): never {
  switch (how) {
    case 'TIMEOUT':
      throw new BackendError({
        code: 'UPSTREAM_TIMEOUT',
        backend: 'flights',
        retryable: true,
        message: 'GetFlight at flights.internal:4102 took longer than 800 ms',
      });
    case 'DOWN':
      throw new BackendError(down);
    case 'KNOWN':
      throw new GraphQLError('The cursor "x" is not one of ours.', {
        extensions: { code: 'BAD_USER_INPUT', secret: 'inner' },
      });
    case 'HTTP':
      throw new GraphQLError('odd', {
        extensions: { code: 'NOT_FOUND', http: { status: 500, headers: { 'x-leak': '1' } } },
      });
    case 'SECRET':
      throw new Error(
        'Bearer abc.def.ghi refused, password=hunter2, at http://user:pw@db.internal/x',
      );
    default:
      throw new TypeError('cannot read "x" of undefined at 10.0.0.7:5432 (localhost:4101)');
  }
}
