import { randomUUID } from 'node:crypto';
import type { ClientIdentity } from '../request.ts';

/** The caller's own `x-request-id` where it is harmless, a new one otherwise. */
export function requestIdOf(headers: Pick<Headers, 'get'>): string {
  const given = headers.get('x-request-id');
  return given !== null && requestIdShape.test(given) ? given : newRequestId();
}

export function newRequestId(): string {
  return randomUUID();
}

/** Which app asks, as its headers say; cut to 64 printable characters. */
export function clientIdentityOf(headers: Pick<Headers, 'get'>): ClientIdentity {
  return {
    name: label(headers.get('graphql-client-name')),
    version: label(headers.get('graphql-client-version')),
  };
}

const requestIdShape = /^[\w.:/+=@-]{1,128}$/;

/** A name that may be logged and forwarded, or null. */
export function label(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  return (
    value
      .replace(/[^\x20-\x7e]/g, '')
      .trim()
      .slice(0, 64) || null
  );
}
