import { forwardedHeaders, isForwarded } from '../backend/headers.ts';
import { readTraceparent } from '../telemetry/trace-context.ts';

/** What backends may be told of a request's headers, names in lower case. */
export type ForwardedHeaders = Readonly<Record<string, string | undefined>>;

/**
 * The headers of a request that go on to backends. A `traceparent` that is none is left out, and
 * with it the `tracestate`, which means nothing alone.
 */
export function forwardedHeadersOf(headers: Pick<Headers, 'get'>): ForwardedHeaders {
  let forwarded: Record<string, string> | undefined;
  for (const name of forwardedHeaders) {
    const value = headers.get(name);
    if (value === null || value.length > maxLength || !isForwarded(value)) continue;
    (forwarded ??= {})[name] = value;
  }
  if (forwarded === undefined) return none;
  if (!readTraceparent(forwarded['traceparent'])) {
    delete forwarded['traceparent'];
    delete forwarded['tracestate'];
  }
  return forwarded;
}

/** The trace that a request belongs to by its `traceparent`. */
export function traceIdOf({ traceparent }: ForwardedHeaders): string | undefined {
  return traceparent?.slice(3, 35);
}

const none: ForwardedHeaders = {};

/** What W3C Trace Context asks to carry of a `tracestate`, and more than any language list needs. */
const maxLength = 512;
