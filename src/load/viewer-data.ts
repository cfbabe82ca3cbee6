import type { Backend } from '../backend/backend.ts';

const backends = new WeakSet<object>();

/** Notes that a batch over this backend keeps values for one viewer each. */
export function noteViewerData(backend: Backend): void {
  backends.add(backend);
}

/** Why what this backend answers depends on who asks; null when nothing that is declared says so. */
export function viewerDataOf(backend: Backend): string | null {
  if (backend.auth) return `it takes tokens for "${backend.auth.audience}"`;
  return backends.has(backend) ? "a batch over it has cache.scope 'viewer'" : null;
}
