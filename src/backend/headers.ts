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

/** Which headers a call takes; names in lower case. */
export interface HeaderRule {
  readonly name: RegExp;
  readonly value: RegExp;
  /** Whether it says the language of who asks. */
  readonly hasLanguage: boolean;
  /** For who wrote one that it does not take. */
  readonly sentence: string;
}

/** Printable Latin-1 and tab: no way to start another header. */
const httpHeaders: HeaderRule = {
  name: /^[!#$%&'*+.^_`|~0-9a-z-]+$/,
  value: /^[\t\x20-\x7e\x80-\xff]*$/,
  hasLanguage: true,
  sentence: 'names are tokens, and values Latin-1 without control characters',
};

/** `grpc-` is the protocol's own, and `-bin` has values that are bytes. */
export const grpcMetadata: HeaderRule = {
  name: /^(?!grpc-)(?!.*-bin$)[0-9a-z_.-]+$/,
  value: /^[\x20-\x7e]*$/,
  hasLanguage: true,
  sentence:
    'gRPC takes values of visible ASCII and spaces, and names of letters, digits, "_", "-" and "." that neither begin with "grpc-" nor end in "-bin"',
};

/**
 * The same for an answer that others get as well: no word of gRPC says that it is another one for
 * another language. A load whose values are has the language among its arguments.
 */
export const sharedGrpcMetadata: HeaderRule = { ...grpcMetadata, hasLanguage: false };

/**
 * The headers of one call: who asks (`x-request-id`, `x-client-name`), the forwarded ones, then
 * the definition's, then the call's own.
 *
 * Fails: BackendError BAD_USER_INPUT naming a header of the last two that is one of one hop, or that
 * the wire does not take.
 */
export function outgoingHeaders(
  context: RequestContext,
  backend: string,
  ofBackend: BackendHeaders | undefined,
  ofCall: Readonly<Record<string, string>> | undefined,
  rule: HeaderRule = httpHeaders,
): Readonly<Record<string, string>> {
  // Only this function writes under its own key.
  let headers = context.memo.get(common) as Readonly<Record<string, string>> | undefined;
  if (headers === undefined) context.memo.set(common, (headers = commonHeaders(context)));
  const tells = rule.hasLanguage || headers['accept-language'] === undefined;
  if (tells && ofBackend === undefined && ofCall === undefined) return headers;
  const all: Record<string, string> = { ...headers };
  if (!tells) delete all['accept-language'];
  if (ofBackend) {
    const added = typeof ofBackend === 'function' ? ofBackend(context) : ofBackend;
    add(all, added, rule, `the headers of backend "${backend}" have`, backend);
  }
  if (ofCall) add(all, ofCall, rule, `a call to backend "${backend}" has`, backend);
  return all;
}

/** What backends are told of a header of our caller: null when it has none, or none that goes on. */
export function forwardedHeader(
  { headers }: IncomingHeaders,
  name: (typeof forwardedHeaders)[number],
): string | null {
  const value = headers?.[name];
  return value !== undefined && isForwarded(value) ? value : null;
}

/**
 * Whether a client's value goes on: visible ASCII and spaces. Beyond it gRPC takes nothing, HTTP has
 * it as obsolete (RFC 9110, 5.5), and no language or trace is written in it. One rule for all wires,
 * so that what caches are keyed by is what every backend was told.
 */
export function isForwarded(value: string): boolean {
  return grpcMetadata.value.test(value);
}

function commonHeaders(context: RequestContext & IncomingHeaders): Record<string, string> {
  const headers: Record<string, string> = {};
  if (isForwarded(context.requestId)) headers['x-request-id'] = context.requestId;
  const client = context.client.name;
  if (client !== null && isForwarded(client)) headers['x-client-name'] = client;
  for (const name of forwardedHeaders) {
    const value = forwardedHeader(context, name);
    if (value !== null) headers[name] = value;
  }
  return headers;
}

function add(
  headers: Record<string, string>,
  more: Readonly<Record<string, string>>,
  rule: HeaderRule,
  whose: string,
  backend: string,
): void {
  for (const [name, value] of Object.entries(more)) {
    const key = name.toLowerCase();
    const isRefused = refused.has(key);
    if (isRefused || !rule.name.test(key) || !rule.value.test(value)) {
      // Not its value, which may be a secret or a client's.
      const header = JSON.stringify(name.slice(0, 100));
      const why = isRefused ? 'it is ours to set, or meant for one hop' : rule.sentence;
      throw new BackendError({
        code: 'BAD_USER_INPUT',
        backend,
        message: `${whose} ${header}, which is refused: ${why}`,
      });
    }
    headers[key] = value;
  }
}
