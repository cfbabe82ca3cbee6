import type {
  Backend,
  BackendAnswer,
  BackendCall,
  RestRequest,
  Transport,
} from '../backend/backend.ts';
import { checkDefinition } from '../backend/check-definition.ts';
import { describePlace, placeOfCaller } from '../definition-place.ts';
import { lateError, leftError } from '../backend/call.ts';
import { effectivePolicy } from '../backend/policy.ts';
import { underPolicy } from '../backend/resilience/compose.ts';
import type { AnyPaths, RestApi } from '../backend/rest-api.ts';
import { defineRestBackend, type RestBackendOptions } from '../backend/rest-backend.ts';
import { statusError } from '../backend/rest-transport.ts';
import { WireError } from '../backend/wire-failure.ts';
import { assertInstalled } from './broker-package.ts';
import { reasonOf } from './broker-state.ts';
import { natsRequests } from './requests/nats.ts';
import { rabbitmqRequests } from './requests/rabbitmq.ts';
import { type Requests, requestQueueOf, UnsentRequest } from './requests/requests.ts';

/** `endpoints`: `nats://host:4222/<subject>` or `amqp://host:5672/<queue>`; several are balanced. */
export type QueueBackendOptions = Omit<RestBackendOptions, 'tls'>;

/**
 * Describes a JSON service that is reached through a queue: each call is a message, and its answer
 * a reply, for a service that no connection leads to. Its calls, batches and policy are those of a
 * REST backend.
 *
 * A request is `{ method, path, headers, body, deadlineMs }`, a reply `{ status, headers, body }`,
 * both JSON with the statuses of HTTP. A request that nobody took in time is not delivered later.
 */
export function defineQueueBackend<Paths = AnyPaths>(
  options: QueueBackendOptions,
): Backend<RestApi<Paths>> {
  checkDefinition(
    `${describePlace(placeOfCaller(defineQueueBackend))}: defineQueueBackend`,
    options,
    [],
  );
  const { name, policy = {} } = options;
  const effective = effectivePolicy({ name, kind: 'rest', policy });
  return {
    ...defineRestBackend<Paths>(options),
    kind: 'queue',
    connect: (endpoints) =>
      underPolicy({
        backend: name,
        endpoints,
        policy: effective,
        connect: (endpoint) => queueTransport(endpoint, effective.maxResponseBytes),
      }),
  };
}

function queueTransport(endpoint: URL, maxResponseBytes: number): Transport {
  const requests = requestsOver(endpoint);
  return {
    async call(call) {
      const text = await answered(call, endpoint, requests);
      const bytes = Buffer.byteLength(text);
      if (bytes > maxResponseBytes) throw badReply(call, endpoint, `with ${bytes} bytes`);
      return decoded(call, endpoint, text, bytes);
    },
    close: () => requests.close(),
  };
}

function requestsOver(endpoint: URL): Requests {
  if (endpoint.protocol.startsWith('amqp')) {
    assertInstalled('an amqp endpoint', 'rabbitmq-client');
    return rabbitmqRequests(endpoint);
  }
  assertInstalled('a nats endpoint', '@nats-io/transport-node');
  return natsRequests(endpoint);
}

async function answered(call: BackendCall, endpoint: URL, requests: Requests): Promise<string> {
  const { method, path, body } = call.request as RestRequest; // as its api makes them
  const deadlineMs = Math.max(1, Math.ceil(call.deadline - performance.now()));
  const text = JSON.stringify({ method, path, headers: call.headers, body, deadlineMs });
  const ended = Promise.withResolvers<never>();
  const timer = setTimeout(() => ended.reject(lateError(call)), deadlineMs);
  const leave = () => ended.reject(leftError(call));
  if (call.signal.aborted) leave();
  call.signal.addEventListener('abort', leave, { once: true });
  try {
    const reply = requests.send(text, deadlineMs);
    reply.catch(() => {}); // it may come after its time
    return await Promise.race([reply, ended.promise]);
  } catch (error) {
    if (error instanceof WireError || error instanceof Error === false) throw error;
    if (call.signal.aborted || performance.now() >= call.deadline) throw leftError(call);
    throw new WireError(
      {
        code: 'UPSTREAM_UNAVAILABLE',
        backend: call.backend,
        message: `${call.backend} ${call.operation} got no reply over ${requestQueueOf(endpoint)} at ${endpoint.host}: ${reasonOf(error)}`,
        retryable: true,
        cause: error,
      },
      { blamed: true, transient: true, unsent: error instanceof UnsentRequest },
    );
  } finally {
    clearTimeout(timer);
    call.signal.removeEventListener('abort', leave);
  }
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

function decoded(call: BackendCall, endpoint: URL, text: string, bytes: number): BackendAnswer {
  const reply = replyIn(text);
  if (reply === null) throw badReply(call, endpoint, 'without a status');
  const { status, headers = {}, body } = reply;
  if (status >= 200 && status <= 299) return { value: body ?? null, headers, bytes };
  throw statusError(
    call,
    { status, headers, bytes, body: Buffer.from(JSON.stringify(body ?? '')) },
    endpoint,
  );
}

function replyIn(text: string): Reply | null {
  try {
    const reply: unknown = JSON.parse(text);
    const isReply =
      typeof reply === 'object' &&
      reply !== null &&
      'status' in reply &&
      typeof reply.status === 'number';
    return isReply ? (reply as Reply) : null;
  } catch {
    return null;
  }
}

function badReply(call: BackendCall, endpoint: URL, what: string): WireError {
  return new WireError(
    {
      code: 'UPSTREAM_BAD_RESPONSE',
      backend: call.backend,
      message: `${call.backend} ${call.operation} was answered ${what} over ${requestQueueOf(endpoint)}; expected { status, headers, body }`,
    },
    {},
  );
}
