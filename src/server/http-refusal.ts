import { GraphQLError } from 'graphql';
import type { ErrorCode } from '../error.ts';
import type { Refused } from './admission/admission.ts';
import { acceptedMedia } from './media-types.ts';
import { requestIdOf } from './request-identity.ts';

export interface HttpRefusal {
  readonly status: number;
  readonly message: string;
  /** @default 'BAD_USER_INPUT' */
  readonly code?: ErrorCode;
  /** Whether the same request can succeed later. @default false */
  readonly retryable?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The answer to a request that never became an operation. */
export function refusalResponse(
  request: Request,
  requestId: string,
  refusal: HttpRefusal,
  ResponseType: typeof Response,
): Response {
  refusals.set(request, refusal);
  const { status, headers } = refusal;
  const accepted = acceptedMedia(request.headers.get('accept')).whole;
  const type = accepted === 'application/graphql-response+json' ? accepted : 'application/json';
  return new ResponseType(refusalBody(requestId, refusal), {
    status,
    headers: { ...headers, 'content-type': `${type}; charset=utf-8` },
  });
}

/** Why a request was refused; undefined for one that was not. */
export function refusalOf(request: Request): HttpRefusal | undefined {
  return refusals.get(request);
}

const refusals = new WeakMap<Request, HttpRefusal>();

/** The body of such an answer. */
export function refusalBody(
  requestId: string,
  { message, code = 'BAD_USER_INPUT', retryable = false }: HttpRefusal,
): string {
  return JSON.stringify({
    errors: [{ message, extensions: { code, requestId, retryable } }],
  });
}

/** Errors that carry the status of the whole answer, for Yoga to read and leave out. */
export function withStatus({ errors, status, wellFormed, headers }: Refused): GraphQLError[] {
  return errors.map(
    (error) =>
      new GraphQLError(error.message, {
        nodes: error.nodes,
        source: error.source,
        positions: error.positions,
        path: error.path,
        extensions: { ...error.extensions, http: { status, spec: wellFormed, headers } },
      }),
  );
}

/** An operation that GET must not carry: it has effects. */
export function mutationOverGet(requestId: string): Refused {
  return refusedByTransport(requestId, {
    status: 405,
    message: 'A mutation is sent with POST.',
    headers: { allow: 'POST' },
  });
}

/** The text of an operation in a URL, where GET is for registered ones only. */
export function textOverGet(requestId: string): Refused {
  return refusedByTransport(requestId, {
    status: 405,
    message: 'GET is for registered operations; any other is sent with POST.',
    headers: { allow: 'POST' },
  });
}

/** A subscription for a client whose Accept header takes no events. */
export function eventsNotAccepted(requestId: string): Refused {
  return refusedByTransport(requestId, {
    status: 406,
    message:
      'A subscription answers as text/event-stream, which the Accept header does not take; or use a WebSocket.',
  });
}

/** A request's id, the same however often it is asked for. */
export function requestIdFor(request: Request): string {
  const known = requestIds.get(request);
  if (known !== undefined) return known;
  const id = requestIdOf(request.headers);
  requestIds.set(request, id);
  return id;
}

const requestIds = new WeakMap<Request, string>();

/** The same for an operation that its transport does not carry. */
function refusedByTransport(requestId: string, refusal: HttpRefusal): Refused {
  const { status, message, code = 'BAD_USER_INPUT', headers } = refusal;
  return {
    errors: [new GraphQLError(message, { extensions: { code, requestId, retryable: false } })],
    status,
    wellFormed: false,
    ...(headers && { headers }),
  };
}
