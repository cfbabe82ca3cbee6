import type { Backend, LiveBackend, Transport } from './backend.ts';
import { type Endpoint, plainEndpoint } from './endpoint.ts';

export interface LiveBackendOptions {
  /** Resolved endpoints; not needed with a transport. */
  readonly endpoints?: readonly (Endpoint | URL)[];
  /** Takes the place of the wire: a fake in tests, a policy around the wire. */
  readonly transport?: Transport;
  /** The clock of what loads share, in milliseconds. @default performance.now */
  readonly now?: () => number;
}

/**
 * Makes a backend live: its transport, and room for what loads keep. Close its transport to end it.
 * No connection is made until the first call, so a backend that is down delays nothing.
 *
 * Fails: Error when the definition itself is wrong (a proto file that is missing, a policy out of range).
 */
export function createLiveBackend(
  definition: Pick<Backend, 'name' | 'connect'>,
  options: LiveBackendOptions,
): LiveBackend {
  const endpoints = (options.endpoints ?? []).map((endpoint) =>
    endpoint instanceof URL ? plainEndpoint(endpoint) : endpoint,
  );
  const transport = options.transport ?? definition.connect(endpoints);
  return {
    name: definition.name,
    transport,
    shared: new Map(),
    now: options.now ?? (() => performance.now()),
  };
}
