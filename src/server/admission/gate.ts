import type { IncomingMessage } from 'node:http';
import { GraphQLError } from 'graphql';
import type { ErrorCode } from '../../error.ts';
import type { Limits } from '../../limits.ts';
import type { ClientIdentity, Viewer } from '../../request.ts';
import type { HttpRefusal } from '../http-refusal.ts';
import type { Environment } from '../mask.ts';
import type { Admitted, Refused } from './admission.ts';
import { clientAddress } from './client-address.ts';
import { type ClientRules, createClientGate } from './client-gate.ts';
import { withoutStacks } from '../../without-stacks.ts';
import type { Cost } from './cost.ts';
import type { LoadShedding, Priority } from './load-shedding.ts';
import type { RateLimit, Spent } from './rate-limit.ts';

/** Why somebody was turned away, for metrics. */
export type Turned = 'shed' | 'address' | 'budget' | 'cost' | 'client';

export interface GateOptions {
  readonly limits: Limits;
  readonly environment: Environment;
  readonly clients: ClientRules;
  /** @default as much as comes is taken on */
  readonly load?: LoadShedding | undefined;
  /** @default nobody is limited */
  readonly rateLimit?: RateLimit | undefined;
  /** Proxies in front whose `X-Forwarded-For` is believed. */
  readonly trustedHops: number;
  /** Told of everybody who was turned away. @default nobody */
  readonly onTurned?: ((why: Turned) => void) | undefined;
}

/** What the gate looks at of whoever asks for an operation. */
export interface Asking {
  readonly requestId: string;
  readonly client: ClientIdentity;
  /** Null for a request that came over no socket. */
  readonly address: string | null;
  /** Whether a browser asks ahead of its user. */
  readonly isPrefetch: boolean;
}

/** What a request has to pass beside its document; the same on every transport. */
export interface Gate {
  /** Where a request came from, for `Asking`. */
  address(request: IncomingMessage): string;
  /** Before a body is read and anybody knows who asks: this process's load, the address's requests. */
  arrival(address: string, priority: Priority): HttpRefusal | null | Promise<HttpRefusal | null>;
  /** An app that is too old. */
  client(asking: Asking): Refused | null;
  /** An operation that may run on this transport: its cost, then load. */
  operation(operation: Pick<Admitted<unknown>, 'type'>, cost: Cost, asking: Asking): Refused | null;
  /** An operation that was not refused is over. */
  ended(): void;
  /** Takes its points from the viewer's budget; what is left travels with the answer, as headers. */
  spend(asking: Asking, viewer: Viewer | null, cost: Cost): Budget | Promise<Budget>;
  close(): Promise<void>;
}

export type Budget = Refused | { readonly headers: Readonly<Record<string, string>> };

export function createGate(options: GateOptions): Gate {
  const { limits, environment, clients, load, rateLimit, trustedHops } = options;
  const isTooOld = createClientGate(clients);
  const onTurned = options.onTurned ?? (() => {});
  const refuse = (why: Turned, { requestId }: Asking, refusal: Refusal): Refused => {
    onTurned(why);
    const { code, message, status, retryable = false, headers } = refusal;
    return {
      errors: [stackless(message, { code, requestId, retryable })],
      status,
      wellFormed: false,
      ...(headers && { headers }),
    };
  };

  function limited(spent: Spent): HttpRefusal {
    onTurned('address');
    return { ...tooOften, headers: spent.headers };
  }

  return {
    address: (request) => clientAddress(request, trustedHops),

    arrival(address, priority) {
      if (load?.refuses(priority)) {
        onTurned('shed');
        return busy();
      }
      const spent = rateLimit?.request(address) ?? null;
      if (spent === null) return null;
      return spent instanceof Promise
        ? spent.then((refused) => refused && limited(refused))
        : limited(spent);
    },

    client: (asking) => (isTooOld(asking.client) ? refuse('client', asking, outdated) : null),

    operation({ type }, cost, asking) {
      const priority = asking.isPrefetch ? 'prefetch' : type === 'mutation' ? 'mutation' : 'read';
      if (cost.exceeds !== null && environment === 'production') {
        return refuse('cost', asking, tooCostly);
      }
      return (load?.takes(priority) ?? true) ? null : refuse('shed', asking, busy());
    },

    ended: () => load?.ended(),

    spend(asking, viewer, cost) {
      const over = cost.exceeds === null ? undefined : overLimit(cost, limits);
      if (!rateLimit) return over ? { headers: over } : nothingTold;
      const { client, address } = asking;
      const spent = rateLimit.operation({ viewer, client, address }, cost.points);
      const told = ({ granted, headers }: Spent): Budget =>
        granted
          ? { headers: { ...over, ...headers } }
          : refuse('budget', asking, { ...tooOften, headers });
      return spent instanceof Promise ? spent.then(told) : told(spent);
    },

    async close() {
      load?.close();
      await rateLimit?.close();
    },
  };
}

/**
 * An error without the two stacks that a GraphQLError takes of itself: under load they were a quarter
 * of all time, and nobody reads where a refusal came from.
 */
function stackless(message: string, extensions: Record<string, unknown>): GraphQLError {
  return withoutStacks(() => new GraphQLError(message, { extensions }));
}

/** Development runs what is over a limit, and says so. */
function overLimit({ points, nodes, exceeds }: Cost, limits: Limits): Record<string, string> {
  if (exceeds === null) return {};
  return { 'x-cost-exceeded': `${exceeds}=${limits[exceeds]}; points=${points}; nodes=${nodes}` };
}

/** `Sec-Purpose: prefetch`, which may go on with what for. */
export function isPrefetch(headers: Pick<Headers, 'get'>): boolean {
  return headers.get('sec-purpose')?.startsWith('prefetch') ?? false;
}

interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly status: number;
  readonly retryable?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

const nothingTold: Budget = { headers: {} };

const tooCostly: Refusal = {
  code: 'COST_LIMIT_EXCEEDED',
  message: 'This operation asks for too much.',
  status: 400,
};

const tooOften = {
  code: 'RATE_LIMITED',
  message: 'Too much was asked for in a short time; try again later.',
  status: 429,
  retryable: true,
} as const satisfies Refusal;

const outdated: Refusal = {
  code: 'CLIENT_UPGRADE_REQUIRED',
  message: 'This version of the app is too old; install the newest.',
  status: 403,
};

/** Clients come back spread over three seconds. */
function busy() {
  return {
    code: 'UPSTREAM_OVERLOADED',
    message: 'The server is too busy right now; try again in a moment.',
    status: 503,
    retryable: true,
    headers: { 'retry-after': String(1 + Math.floor(Math.random() * 3)) },
  } as const satisfies Refusal;
}
