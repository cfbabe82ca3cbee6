import { GraphQLError } from 'graphql';
import type { ErrorCode } from '../error.ts';
import type { Refused } from './admission.ts';
import { acceptedMedia } from './media-types.ts';
import { requestIdOf } from './request-identity.ts';

export interface HttpRefusal {
  readonly status: number;
  readonly message: string;
  /** @default 'BAD_USER_INPUT' */
  readonly code?: ErrorCode;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The answer to a request that never became an operation. */
export function refusalResponse(
  request: Request,
  requestId: string,
  { status, message, code = 'BAD_USER_INPUT', headers }: HttpRefusal,
  ResponseType: typeof Response,
): Response {
  const accepted = acceptedMedia(request.headers.get('accept')).whole;
  const type = accepted === 'application/graphql-response+json' ? accepted : 'application/json';
  const body = { errors: [{ message, extensions: { code, requestId, retryable: false } }] };
  return new ResponseType(JSON.stringify(body), {
    status,
    headers: { ...headers, 'content-type': `${type}; charset=utf-8` },
  });
}

/** The same for an operation that its transport does not carry. */
export function refusedByTransport(requestId: string, refusal: HttpRefusal): Refused {
  const { status, message, code = 'BAD_USER_INPUT', headers } = refusal;
  return {
    errors: [new GraphQLError(message, { extensions: { code, requestId, retryable: false } })],
    status,
    wellFormed: false,
    ...(headers && { headers }),
  };
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
