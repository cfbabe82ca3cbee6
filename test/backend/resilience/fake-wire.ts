import type {
  BackendAnswer,
  BackendCall,
  BackendPolicy,
  Transport,
} from '../../../src/backend/backend.ts';
import { type Endpoint, plainEndpoint } from '../../../src/backend/endpoint.ts';
import { effectivePolicy } from '../../../src/backend/policy.ts';
import { underPolicy } from '../../../src/backend/resilience/compose.ts';
import { type FailureFacts, WireError } from '../../../src/backend/wire-failure.ts';
import type { BackendErrorCode } from '../../../src/error.ts';

/** What an endpoint does with a call: a value, an error, or a promise of either. */
export type Behaviour = (call: BackendCall) => unknown;

export interface Rig {
  readonly transport: Required<Transport>;
  /** The hosts asked, in order. */
  readonly asked: string[];
  /** Sends a call; its value, or the code of its error. */
  send(call?: Partial<BackendCall>): Promise<unknown>;
  /** Sends so many one after another. */
  sendAll(count: number, call?: Partial<BackendCall>): Promise<unknown[]>;
  /** How often each host was asked since the last time. */
  tally(): Record<string, number>;
}

/** Endpoints without a wire under a policy; `behaviours` by host. */
export function rigOf(
  behaviours: Record<string, Behaviour>,
  policy: BackendPolicy = {},
  endpoints: Record<string, Partial<Endpoint>> = {},
): Rig {
  const asked: string[] = [];
  const transport = underPolicy({
    backend: 'airports',
    endpoints: Object.keys(behaviours).map((host) => ({
      ...plainEndpoint(new URL(`http://${host}`)),
      ...endpoints[host],
    })),
    policy: effectivePolicy({ name: 'airports', kind: 'rest', policy }),
    connect: ({ host }) => ({
      async call(call) {
        asked.push(host);
        return answerOf(await behaviours[host]!(call));
      },
      async probe() {
        return behaviours[host]!(callOf({ operation: 'probe' })) !== false;
      },
      async close() {},
    }),
  });
  const send = (call?: Partial<BackendCall>): Promise<unknown> =>
    transport.call(callOf(call)).then(
      ({ value }) => value,
      (error: { code?: string }) => error.code ?? error,
    );
  return {
    transport,
    asked,
    send,
    async sendAll(count, call) {
      const values: unknown[] = [];
      for (let sent = 0; sent < count; sent++) values.push(await send(call));
      return values;
    },
    tally() {
      const counts: Record<string, number> = {};
      for (const host of asked.splice(0)) counts[host] = (counts[host] ?? 0) + 1;
      return counts;
    },
  };
}

export function callOf(call: Partial<BackendCall> = {}): BackendCall {
  const operation = call.operation ?? 'GET /airports';
  return {
    backend: 'airports',
    operation,
    idempotent: operation.startsWith('GET'),
    request: { kind: 'rest', method: 'GET', path: '/airports', params: {}, query: {} },
    headers: {},
    signal: new AbortController().signal,
    deadline: performance.now() + 1_000,
    record: { backend: 'airports', operation, startedAt: 0, durationMs: 0, bytes: 0, outcome: '' },
    ...call,
  };
}

/** What a wire throws. */
export function failure(
  facts: Partial<FailureFacts>,
  code: BackendErrorCode = 'UPSTREAM_UNAVAILABLE',
): WireError {
  return new WireError({ code, backend: 'airports', message: 'as told' }, facts);
}

export const unavailable: Behaviour = () => {
  throw failure({ blamed: true, transient: true });
};
export const broken: Behaviour = () => {
  throw failure({ blamed: true });
};
export const refused: Behaviour = () => {
  throw failure({ blamed: true, transient: true, unsent: true });
};
export const timeout: Behaviour = () => {
  throw failure({ blamed: true }, 'UPSTREAM_TIMEOUT');
};
export const ok: Behaviour = () => 'ok';

function answerOf(value: unknown): BackendAnswer {
  return { value, headers: {}, bytes: 0 };
}
