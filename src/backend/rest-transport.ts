import { BackendError } from '../error.ts';
import type { BackendAnswer, BackendCall, RestRequest, Transport } from './backend.ts';
import { HttpConnection } from './http-connection.ts';
import type { HttpAnswer } from './http-exchange.ts';
import { ParsedBodies, parseBody } from './parsed-bodies.ts';
import type { EffectiveBackendPolicy } from './policy.ts';
import { httpStatusMeaning } from './status.ts';
import type { TlsFiles } from './tls.ts';
import { WireError, httpStatusFacts } from './wire-failure.ts';

/** JSON over HTTP to one endpoint. */
export function restTransport(
  endpoint: URL,
  policy: EffectiveBackendPolicy,
  tls?: TlsFiles,
): Transport {
  const connection = new HttpConnection(endpoint, policy, tls);
  const bodies = new ParsedBodies();
  return {
    async call(call) {
      const request = call.request as RestRequest; // a rest backend's calls are rest requests
      const answer = await connection.send(call, {
        method: request.method,
        path: request.path,
        accept: 'application/json',
        body: request.body === undefined ? undefined : JSON.stringify(request.body),
      });
      return decoded(call, request, answer, { endpoint, bodies });
    },
    probe: (signal) => connection.probe(signal),
    close: () => connection.close(),
  };
}

function decoded(
  call: BackendCall,
  request: RestRequest,
  answer: HttpAnswer,
  { endpoint, bodies }: { readonly endpoint: URL; readonly bodies: ParsedBodies },
): BackendAnswer {
  const { status, headers, bytes } = answer;
  if (status === 304 && isConditional(call)) {
    return { value: undefined, headers, bytes, notModified: true };
  }
  if (status < 200 || status > 299) throw statusError(call, answer, endpoint);
  const empty = bytes === 0 && ([202, 204, 205].includes(status) || request.method !== 'GET');
  const parse = (body: Buffer): unknown =>
    request.method === 'GET' ? bodies.parse(request.path, body) : parseBody(body);
  const value = empty ? null : parseJson(call, answer, endpoint, parse);
  return { value, headers, bytes, accepted: status === 202 };
}

/** The body as JSON. Fails: BackendError UPSTREAM_BAD_RESPONSE for another type, or what does not parse. */
export function parseJson(
  call: BackendCall,
  answer: HttpAnswer,
  endpoint: URL,
  parse: (body: Buffer) => unknown = parseBody,
): unknown {
  const type = answer.headers['content-type'];
  if (type !== undefined && !isJson(String(type))) {
    throw badResponse(call, endpoint, `with ${String(type)} instead of JSON`, answer);
  }
  try {
    return parse(answer.body);
  } catch (cause) {
    throw badResponse(call, endpoint, 'with invalid JSON', answer, cause);
  }
}

/** The error of a status outside 200–299; its message has the start of the body. */
export function statusError(call: BackendCall, answer: HttpAnswer, endpoint: URL): BackendError {
  return new WireError(
    {
      ...httpStatusMeaning(answer.status),
      backend: call.backend,
      message: `${call.backend} ${call.operation} answered ${answer.status} at ${endpoint.host}${excerpt(answer)}`,
    },
    httpStatusFacts(answer.status, answer.headers['retry-after']),
  );
}

function badResponse(
  call: BackendCall,
  endpoint: URL,
  what: string,
  answer: HttpAnswer,
  cause?: unknown,
): BackendError {
  return new BackendError({
    code: 'UPSTREAM_BAD_RESPONSE',
    backend: call.backend,
    message: `${call.backend} ${call.operation} answered ${answer.status} ${what} at ${endpoint.host}${excerpt(answer)}`,
    cause,
  });
}

function isConditional({ headers }: BackendCall): boolean {
  return headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined;
}

function isJson(type: string): boolean {
  return /^[^;]*[/+]json\s*(;|$)/i.test(type);
}

function excerpt(answer: HttpAnswer): string {
  const text = answer.body.toString('utf8', 0, 200).replace(/\s+/g, ' ').trim();
  return text === '' ? '' : `: ${text}`;
}
