import { createHash } from 'node:crypto';
import type { Viewer } from '../request.ts';

const known = new WeakMap<Viewer, string>();

/**
 * What keys everything that is kept for a viewer: the subject with all that they may do. Somebody
 * who comes back with other scopes or roles shares nothing with their former self, and nobody is a
 * viewer of its own. A JSON text; long ones end in a hash of the scopes and roles, sorted.
 */
export function viewerKey(viewer: Viewer | null): string {
  if (viewer === null) return '[null]';
  let key = known.get(viewer);
  if (key === undefined) known.set(viewer, (key = keyOf(viewer)));
  return key;
}

function keyOf({ subject, scopes, roles = [] }: Viewer): string {
  const rights = JSON.stringify([[...scopes].sort(), [...roles].sort()]);
  return rights.length <= 100
    ? JSON.stringify([subject, rights])
    : JSON.stringify([subject, createHash('sha256').update(rights).digest('base64url')]);
}
