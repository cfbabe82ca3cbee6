import { LRUCache } from 'lru-cache';
import type { AnswerHeaders, BackendAnswer, BackendCall, CallHints } from '../backend/backend.ts';
import { freshnessOf } from './freshness.ts';

interface Kept {
  readonly value: unknown;
  readonly headers: AnswerHeaders;
}

/** Request headers that differ from call to call and that no kept answer varies by. */
const volatile = new Set(['traceparent', 'tracestate', 'x-request-id', 'x-client-name']);

/**
 * The last answer of each URL that came with an `ETag` or a `Last-Modified`. Asked again, the
 * backend may say 304, and the value that is here counts as fresh: nothing is sent, nothing parsed.
 *
 * Kept apart for each set of request headers, so a bearer never sees what another was answered.
 */
export class ConditionalReads {
  readonly #kept: LRUCache<string, Kept>;
  readonly #scope: 'public' | 'viewer';

  constructor(scope: 'public' | 'viewer', maxBytes: number) {
    this.#scope = scope;
    this.#kept = new LRUCache({ maxSize: maxBytes });
  }

  readonly through: NonNullable<CallHints['through']> = async (call, transport) => {
    const { request } = call;
    if (request.kind !== 'rest' || request.method !== 'GET') return transport.call(call);
    const id = identityOf(call, request.path);
    const kept = this.#kept.get(id);
    const answer = await transport.call(kept === undefined ? call : conditional(call, kept));
    if (answer.notModified !== true || kept === undefined) {
      this.#keep(id, answer.value, answer.headers, answer.bytes);
      return answer;
    }
    const headers = { ...kept.headers, ...answer.headers };
    const revalidated: BackendAnswer = { value: kept.value, headers, bytes: answer.bytes };
    const bytes = Number(kept.headers['content-length']) || 1_024;
    this.#keep(id, kept.value, headers, bytes);
    return revalidated;
  };

  #keep(id: string, value: unknown, headers: AnswerHeaders, bytes: number): void {
    const validated = headers['etag'] !== undefined || headers['last-modified'] !== undefined;
    if (!validated || !freshnessOf(headers, this.#scope).storable) {
      this.#kept.delete(id);
      return;
    }
    // Parsed JSON takes about three times its text; most of it is shared with the entities kept.
    this.#kept.set(id, { value, headers }, { size: bytes * 3 + id.length * 2 + 256 });
  }
}

function conditional(call: BackendCall, { headers: kept }: Kept): BackendCall {
  const headers = { ...call.headers };
  if (kept['etag'] !== undefined) headers['if-none-match'] = String(kept['etag']);
  else headers['if-modified-since'] = String(kept['last-modified']);
  return { ...call, headers };
}

function identityOf(call: BackendCall, path: string): string {
  let id = path;
  for (const name of Object.keys(call.headers).sort()) {
    if (!volatile.has(name)) id += `\n${name}:${call.headers[name]}`;
  }
  return id;
}
