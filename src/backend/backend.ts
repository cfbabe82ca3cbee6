import type { RequestContext } from '../request.ts';
import type { BackendAuth } from './authorization.ts';
import type { Endpoint } from './endpoint.ts';
import type {
  BulkheadOptions,
  CallPolicy,
  FailoverOptions,
  HealthCheckOptions,
  OutlierEjectionOptions,
  RetryBudgetOptions,
  SplitOptions,
} from './policy-options.ts';
import type { ResilienceState } from './resilience/events.ts';
import type { Setting } from './setting.ts';

/**
 * A backend as its definition describes it: inert, safe to import. A server makes it live.
 * `Api` is the set of typed calls that a resolver or a batch may make.
 */
export interface Backend<Api = unknown> {
  /** Named after the service; appears in errors, logs and metrics. */
  readonly name: string;
  readonly kind: 'rest' | 'grpc' | 'graphql' | 'queue';
  /** Where it is reached; several endpoints are separated by commas, `url;weight=2;zone=eu;priority=1;group=canary`. */
  readonly endpoints: Setting;
  readonly policy: BackendPolicy;
  /** Which access tokens it wants. @default none */
  readonly auth?: BackendAuth;
  /** The typed calls, bound to one operation: its deadline, signal and headers go along. */
  api(context: RequestContext, hints?: CallHints): Api;
  /** Opens the wire to resolved endpoints, under the backend's policy. */
  connect(endpoints: readonly Endpoint[]): Transport;
}

/** What a caller between a resolver and the wire (a batch, a cache) knows of its calls. */
export interface CallHints {
  /** Keys asked for, for the record of the call. */
  readonly batchSize?: number;
  /** Whether sending it twice does no harm, whatever the method says. */
  readonly idempotent?: boolean;
  /** Whether operations that did not ask for it get its answer. @default false */
  readonly isShared?: boolean;
  /** Instead of the operation's own: a call that several operations wait for outlives each of them. */
  readonly signal?: AbortSignal;
  /** Instead of the operation's own, on the clock of `performance.now()`, in milliseconds. */
  readonly deadline?: number;
  /** Sees each answer before the caller does: headers for caches, the operation's name for messages. */
  readonly onAnswer?: (answer: BackendAnswer, call: BackendCall) => void;
  /** Sends each call, in place of the bare transport: may add headers, or answer from what it knows. */
  readonly through?: (
    call: BackendCall,
    transport: Pick<Transport, 'call'>,
  ) => Promise<BackendAnswer>;
}

/** How calls to one backend behave. Every default is in `policy.ts`; out of range fails at definition. */
export interface BackendPolicy extends CallPolicy {
  /** Longest wait for a connection, in milliseconds. @default 500 */
  readonly connectTimeoutMs?: number;
  /** Largest answer, in bytes. @default 8 MiB (REST, GraphQL), 4 MiB (gRPC) */
  readonly maxResponseBytes?: number;
  /** Connections per endpoint. @default 32 */
  readonly maxConnections?: number;
  /** `mesh` leaves retries, breaking, ejection and failover to a service mesh, so that they never multiply. @default 'own' */
  readonly resilience?: 'own' | 'mesh';
  readonly retryBudget?: RetryBudgetOptions;
  readonly bulkhead?: BulkheadOptions;
  /** `false` never ejects. */
  readonly outlierEjection?: OutlierEjectionOptions | false;
  readonly failover?: FailoverOptions;
  /** Where this process runs: endpoints of the same `zone` are preferred. @default none */
  readonly zone?: string;
  /** The share of calls, or the clients, that go to the endpoints of a `group`. @default none */
  readonly split?: Readonly<Record<string, SplitOptions>>;
  /** Asks each endpoint in turn, beside the calls. @default false */
  readonly healthCheck?: HealthCheckOptions | false;
  /** Calls that differ, by the operation's name: `GET /airports`, `flights.v1.Flights/GetFlight`, `query Name`. @default none */
  readonly operations?: Readonly<Record<string, CallPolicy>>;
}

/** One call, as every transport sees it. */
export interface BackendCall {
  readonly backend: string;
  /** `GET /airports`, `flights.v1.Flights/BatchGetFlights`, `query Name`; no ids in it. */
  readonly operation: string;
  /** Whether sending it twice does no harm. */
  readonly idempotent: boolean;
  readonly request: RestRequest | GrpcRequest | GraphqlRequest;
  /** Allow-listed headers (gRPC: metadata). */
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** On the clock of `performance.now()`, in milliseconds; infinite for a stream. */
  readonly deadline: number;
  /** Whose call it is, for traffic splits: the viewer, or else the request. @default the request's headers say */
  readonly caller?: string;
  /** Whose call it is, for a fair turn where calls wait: the viewer, or else the client's address. @default everybody's */
  readonly flow?: string;
  /** Where attempts are counted. @default nowhere */
  readonly record?: BackendCallRecord;
  /** Only on a connection made for it: a kept one has just turned out to be closed. @default false */
  readonly freshConnection?: boolean;
}

export interface RestRequest {
  readonly kind: 'rest';
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With parameters filled in and the query string appended; starts with a slash. */
  readonly path: string;
  /** As the caller gave them; `path` already has them. */
  readonly params: Readonly<Record<string, unknown>>;
  /** As the caller gave them; `path` already has them. */
  readonly query: Readonly<Record<string, unknown>>;
  /** Sent as JSON; absent when undefined. */
  readonly body?: unknown;
}

export interface GrpcRequest<Message = unknown> {
  readonly kind: 'grpc';
  /** The method's name in its service: `BatchGetFlights`. */
  readonly method: string;
  readonly message: Message;
}

export interface GraphqlRequest {
  readonly kind: 'graphql';
  readonly document: string;
  readonly operationName?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** What came back: the decoded value, and what caches need to know of the wire. */
export interface BackendAnswer {
  readonly value: unknown;
  /** Names in lower case. gRPC: none. */
  readonly headers: AnswerHeaders;
  /** Size of the answer's body on the wire, in bytes. */
  readonly bytes: number;
  /** True when a conditional request found nothing newer: there is no value then. REST only. */
  readonly notModified?: boolean;
  /** True for 202: the backend goes on with it, and its `location` tells how far it is. REST only. */
  readonly accepted?: boolean;
}

export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** One wire to one backend. Policies wrap a transport and are a transport. Fails with `BackendError` only. */
export interface Transport {
  call(call: BackendCall): Promise<BackendAnswer>;
  /** A server stream; ends when the caller returns or the signal aborts. */
  stream?(call: BackendCall): AsyncIterable<unknown>;
  /** Whether the backend answers now; never throws. */
  probe?(signal: AbortSignal): Promise<boolean>;
  /** How the policies around the wire stand; absent where there are none. */
  state?(): ResilienceState;
  close(): Promise<void>;
}

/** A backend that runs: its transport under its policy. Owned and closed by the server. */
export interface LiveBackend {
  readonly name: string;
  readonly transport: Transport;
  /** What loads keep across operations (entity caches, calls in flight); keyed by the definition that owns it. */
  readonly shared: Map<object, unknown>;
  /** The clock of what is shared, in milliseconds. @default performance.now */
  readonly now?: () => number;
}

/** One backend call of an operation, for logs, tests and the explorer's waterfall. Times in milliseconds. */
export interface BackendCallRecord {
  readonly backend: string;
  readonly operation: string;
  /** Keys asked for, when the call is a batch. */
  batchSize?: number;
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
  durationMs: number;
  bytes: number;
  /** `pending` until it settles; then `ok`, `cancelled` (the client left), or the code of the error. */
  outcome: string;
  /** Present for a server stream, which lasts as long as somebody reads it. */
  isStream?: true;
  /** Attempts that reached the wire; absent where no policy counts them. */
  attempts?: number;
  /** When each of them began, on the clock of `performance.now()`: what came before was waiting. */
  attemptedAt?: number[];
  /** Host and port of the last attempt. For the log only. */
  endpoint?: string;
  /** For the log only. */
  detail?: string;
}
