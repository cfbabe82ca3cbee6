import type { LiveBackend } from '../../src/backend/backend.ts';
import type { RequestContext } from '../../src/request.ts';

export interface ContextOptions {
  readonly subject?: string;
  /** The subject's. @default none */
  readonly scopes?: readonly string[];
  /** The subject's. @default none */
  readonly roles?: readonly string[];
  /** @default 5 s from now */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  readonly clientName?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The context of one operation over running backends. */
export function contextOver(
  backends: readonly LiveBackend[],
  options: ContextOptions = {},
): RequestContext & { readonly headers: Readonly<Record<string, string>> } {
  const {
    subject,
    scopes = [],
    roles = [],
    deadlineMs = 5_000,
    signal,
    clientName,
    headers = {},
  } = options;
  return {
    requestId: 'r1',
    viewer: subject === undefined ? null : { subject, scopes, roles },
    client: { name: clientName ?? null, version: null },
    signal: signal ?? new AbortController().signal,
    deadline: performance.now() + deadlineMs,
    backends: new Map(backends.map((backend) => [backend.name, backend])),
    memo: new Map(),
    calls: [],
    headers,
  };
}
