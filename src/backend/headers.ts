import { BackendError } from '../error.ts';
import type { RequestContext } from '../request.ts';

/** Headers of our own caller that go on to backends; everything else stays here. */
export const forwardedHeaders = ['traceparent', 'tracestate', 'accept-language'] as const;

/** What a context may bring along: the incoming headers, names in lower case. */
export interface IncomingHeaders {
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** Headers that a backend definition adds to each of its calls. */
export type BackendHeaders =
  | Readonly<Record<string, string>>
  | ((context: RequestContext) => Readonly<Record<string, string>>);

// Ours to set, or meant for one hop only.
const refused = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Under what an operation remembers the headers that all of its calls have. */
const common = {};

/**
 * The headers of one call: who asks (`x-request-id`, `x-client-name`), the forwarded ones, then
 * the definition's, then the call's own.
 *
 * Fails: BackendError BAD_USER_INPUT for a value with CR, LF or NUL, or a header of one hop.
 */
export function outgoingHeaders(
  context: RequestContext,
  backend: string,
  ofBackend: BackendHeaders | undefined,
  ofCall: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  // Only this function writes under its own key.
  let headers = context.memo.get(common) as Readonly<Record<string, string>> | undefined;
  if (headers === undefined) context.memo.set(common, (headers = commonHeaders(context)));
  if (ofBackend === undefined && ofCall === undefined) return headers;
  const all: Record<string, string> = { ...headers };
  if (ofBackend) {
    add(all, typeof ofBackend === 'function' ? ofBackend(context) : ofBackend, backend);
  }
  if (ofCall) add(all, ofCall, backend);
  return all;
}

function commonHeaders(context: RequestContext & IncomingHeaders): Record<string, string> {
  const headers: Record<string, string> = {};
  if (isSafe(context.requestId)) headers['x-request-id'] = context.requestId;
  const client = context.client.name;
  if (client !== null && isSafe(client)) headers['x-client-name'] = client;
  for (const name of forwardedHeaders) {
    const value = context.headers?.[name];
    if (value !== undefined && isSafe(value)) headers[name] = value;
  }
  return headers;
}

function add(
  headers: Record<string, string>,
  more: Readonly<Record<string, string>>,
  backend: string,
): void {
  for (const [name, value] of Object.entries(more)) {
    const key = name.toLowerCase();
    if (refused.has(key) || !/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(key) || !isSafe(value)) {
      throw new BackendError({
        code: 'BAD_USER_INPUT',
        backend,
        message: `header ${JSON.stringify(name)} toward backend "${backend}" is refused: control characters and headers of one hop are never sent`,
      });
    }
    headers[key] = value;
  }
}

/** Printable Latin-1 and tab: no way to start another header. */
function isSafe(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}
