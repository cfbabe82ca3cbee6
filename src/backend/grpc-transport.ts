import {
  type Client,
  type ClientReadableStream,
  type ClientUnaryCall,
  Metadata,
  type ServiceError,
  connectivityState,
  status,
} from '@grpc/grpc-js';
import { BackendError } from '../error.ts';
import type { BackendCall, GrpcRequest, Transport } from './backend.ts';
import { leftError } from './call.ts';
import { openClient, probeClient } from './grpc-client.ts';
import { grpcError } from './grpc-error.ts';
import { didYouMean } from './did-you-mean.ts';
import { grpcMetadata } from './headers.ts';
import type { EffectiveBackendPolicy } from './policy.ts';
import type { ProtoMethod } from './proto-service.ts';
import { withoutStacks } from '../without-stacks.ts';
import { type TlsFiles, TlsMaterial } from './tls.ts';
import { WireError } from './wire-failure.ts';

/**
 * gRPC to one endpoint. The deadline travels as `grpc-timeout`; leaving cancels the call upstream.
 *
 * Fails: BackendError by the status table; UPSTREAM_UNAVAILABLE when no connection is made in time.
 */
export function grpcTransport(
  endpoint: URL,
  methods: ReadonlyMap<string, ProtoMethod>,
  policy: EffectiveBackendPolicy,
  files?: TlsFiles,
): Transport {
  const secure = endpoint.protocol === 'https:' || endpoint.protocol === 'grpcs:';
  const tls = secure ? new TlsMaterial(files ?? {}) : undefined;
  const host = `${endpoint.hostname}:${endpoint.port || (secure ? '443' : '80')}`;
  const connect = (): Client => openClient(host, policy, tls);
  const wire: Wire = {
    client: connect(),
    timeoutsInARow: 0,
    methods,
    policy,
    host,
    reconnect() {
      // What is under way on the old channel goes on there.
      wire.client.close();
      wire.client = connect();
      wire.timeoutsInARow = 0;
    },
  };
  if (tls) tls.onChange = () => wire.reconnect();
  return {
    call: (call) => unary(wire, call),
    stream: (call) => serverStream(wire, call),
    probe: (signal) => probeClient(wire.client, policy, signal),
    async close() {
      tls?.close();
      wire.client.close();
    },
  };
}

/** A connection on which so many calls in a row ran into their deadlines may lead nowhere any more. */
const mostTimeoutsInARow = 5;

interface Wire {
  client: Client;
  timeoutsInARow: number;
  reconnect(): void;
  readonly methods: ReadonlyMap<string, ProtoMethod>;
  readonly policy: EffectiveBackendPolicy;
  readonly host: string;
}

interface Answer {
  readonly value: unknown;
  readonly headers: {};
  readonly bytes: number;
}

/**
 * What grpc-js has of a call. It and Node's streams keep calls that are over until a full collection,
 * so this is emptied at the end: of 44 MB that calls for 50 flights allot, 5.4 are kept in place of 9.7.
 */
interface Held {
  open: {
    readonly call: BackendCall;
    readonly guard: CallGuard;
    readonly resolve: (answer: Answer) => void;
    readonly reject: (error: unknown) => void;
  } | null;
  answer: Answer | null;
}

function unary(wire: Wire, call: BackendCall): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = call.request as GrpcRequest; // a grpc backend's calls are grpc requests
    const method = methodOf(wire, call, request);
    const held: Held = { open: null, answer: null };
    const sent = sendUnary(wire, method, call, held);
    held.open = { call, guard: new CallGuard(wire, call, sent), resolve, reject };
  });
}

/** Nothing of the call but `held` outlives it in here. */
function sendUnary(
  wire: Wire,
  method: ProtoMethod,
  call: BackendCall,
  held: Held,
): ClientUnaryCall {
  return withoutStacks(() =>
    wire.client.makeUnaryRequest(
      method.path,
      method.requestSerialize as (message: unknown) => Buffer, // checked by the typed API
      (buffer): true => {
        held.answer = {
          value: method.responseDeserialize(buffer),
          headers: {},
          bytes: buffer.length,
        };
        return true;
      },
      (call.request as GrpcRequest).message,
      metadataOf(call),
      { deadline: Date.now() + (call.deadline - performance.now()) },
      (error) => {
        const open = held.open!;
        const answer = held.answer!;
        held.open = null;
        held.answer = null;
        open.guard.end();
        wire.timeoutsInARow =
          error?.code === status.DEADLINE_EXCEEDED ? wire.timeoutsInARow + 1 : 0;
        if (wire.timeoutsInARow >= mostTimeoutsInARow) wire.reconnect();
        if (error === null) open.resolve(answer);
        else open.reject(open.guard.error ?? grpcError(open.call, wire.host, error));
      },
    ),
  );
}

/** Cancels a call that nobody waits for, or that finds no connection in time; grpc-js keeps the deadline. */
class CallGuard {
  /** Why it was cancelled; undefined when it was not. */
  error: BackendError | undefined;
  readonly #call: BackendCall;
  readonly #sent: ClientUnaryCall | ClientReadableStream<unknown>;
  readonly #connecting: NodeJS.Timeout | undefined;

  constructor(
    wire: Wire,
    call: BackendCall,
    sent: ClientUnaryCall | ClientReadableStream<unknown>,
  ) {
    this.#call = call;
    this.#sent = sent;
    call.signal.addEventListener('abort', this.leave);
    const channel = wire.client.getChannel();
    if (channel.getConnectivityState(false) === connectivityState.READY) return;
    this.#connecting = setTimeout(() => {
      if (channel.getConnectivityState(false) === connectivityState.READY) return;
      this.#cancel(
        new WireError(
          {
            code: 'UPSTREAM_UNAVAILABLE',
            backend: call.backend,
            message: `${call.backend} ${call.operation}: no connection to ${wire.host} in ${wire.policy.connectTimeoutMs} ms`,
            retryable: true,
          },
          { blamed: true, transient: true, unsent: true },
        ),
      );
    }, wire.policy.connectTimeoutMs);
  }

  readonly leave = (): void => this.#cancel(leftError(this.#call));

  end(): void {
    clearTimeout(this.#connecting);
    this.#call.signal.removeEventListener('abort', this.leave);
  }

  #cancel(error: BackendError): void {
    this.error ??= error;
    this.#sent.cancel();
  }
}

/** Pulls one message at a time, so that a slow reader slows the sender down. */
function serverStream(wire: Wire, call: BackendCall): AsyncIterableIterator<unknown> {
  const request = call.request as GrpcRequest; // a grpc backend's calls are grpc requests
  const method = methodOf(wire, call, request);
  const sent = wire.client.makeServerStreamRequest(
    method.path,
    method.requestSerialize as (message: unknown) => Buffer, // checked by the typed API
    method.responseDeserialize,
    request.message,
    metadataOf(call),
  );
  const guard = new CallGuard(wire, call, sent);
  const messages: AsyncIterator<unknown> = sent[Symbol.asyncIterator]();
  let returned = false;
  if (call.signal.aborted) guard.leave();
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        const result = await messages.next();
        if (result.done) guard.end();
        return result;
      } catch (error) {
        guard.end();
        if (returned) return { done: true, value: undefined };
        throw guard.error ?? grpcError(call, wire.host, error as ServiceError);
      }
    },
    // Not an async generator's return: that one would wait for a message that may never come.
    async return() {
      returned = true;
      guard.end();
      sent.cancel();
      return { done: true, value: undefined };
    },
  };
}

function methodOf(wire: Wire, call: BackendCall, request: GrpcRequest): ProtoMethod {
  const method = wire.methods.get(request.method);
  if (method) return method;
  throw new Error(
    `backend "${call.backend}" has no method "${request.method}"${didYouMean(request.method, wire.methods.keys())}`,
  );
}

function metadataOf(call: BackendCall): Metadata {
  const metadata = new Metadata();
  for (const name in call.headers) {
    try {
      metadata.set(name, call.headers[name]!);
    } catch {
      // The cause would have the value, which may be a token.
      throw new BackendError({
        code: 'BAD_USER_INPUT',
        backend: call.backend,
        message: `${call.backend} ${call.operation} was not sent: its header ${JSON.stringify(name)} is refused: ${grpcMetadata.sentence}`,
      });
    }
  }
  return metadata;
}
