import type { LiveBackend } from '../backend/backend.ts';
import {
  type EndpointState,
  type ResilienceEvent,
  type ResilienceState,
  resilienceEvents,
} from '../backend/resilience/events.ts';
import { Counters, Readings, type Sample } from './series.ts';

/** How the policies around each backend stand, read when scraped; and what they did meanwhile. */
export class ResilienceMetrics {
  readonly #backends: ReadonlyMap<string, LiveBackend>;
  readonly #events = new Counters({
    name: 'tailorbird_resilience_events_total',
    help: 'What the policies toward a backend did: breaker_open, breaker_half-open, breaker_closed, ejected, returned, unhealthy, healthy, failover.',
    labels: ['backend', 'event'],
  });

  constructor(backends: ReadonlyMap<string, LiveBackend>) {
    this.#backends = backends;
  }

  readonly families = [
    this.#events,
    this.#ofBackends(
      'counter',
      'tailorbird_backend_retries_total',
      'Further attempts after a failure.',
      (s) => s.retries,
    ),
    this.#ofBackends(
      'counter',
      'tailorbird_backend_retries_refused_total',
      'Retries that the budget had no room for.',
      (s) => s.retriesRefused,
    ),
    this.#ofBackends(
      'counter',
      'tailorbird_backend_hedges_total',
      'Second attempts beside a slow first one.',
      (s) => s.hedges,
    ),
    this.#ofBackends(
      'counter',
      'tailorbird_backend_stale_connections_total',
      'Attempts sent again because a kept connection was closed.',
      (s) => s.staleConnections,
    ),
    this.#ofBackends(
      'gauge',
      'tailorbird_backend_priority',
      'The priority that calls go to; absent with one endpoint.',
      (s) => s.priority,
    ),
    this.#ofEndpoints(
      'counter',
      'tailorbird_endpoint_attempts_total',
      'Attempts that reached the wire of an endpoint.',
      (e) => e.attempts,
    ),
    this.#ofEndpoints(
      'counter',
      'tailorbird_endpoint_overloaded_total',
      'Calls that the bulkhead of an endpoint turned away.',
      (e) => e.overloaded,
    ),
    this.#ofEndpoints(
      'gauge',
      'tailorbird_endpoint_in_flight',
      'Attempts that an endpoint has yet to answer.',
      (e) => e.inFlight,
    ),
    this.#ofEndpoints(
      'gauge',
      'tailorbird_endpoint_waiting',
      'Calls that wait for the bulkhead of an endpoint.',
      (e) => e.waiting,
    ),
    this.#ofEndpoints(
      'gauge',
      'tailorbird_endpoint_latency_seconds',
      'What answers of an endpoint take lately; 0 where nothing is balanced.',
      (e) => e.latencyMs / 1_000,
    ),
    new Readings(
      'gauge',
      'tailorbird_endpoint_health',
      '1 for the state that an endpoint is in: healthy, ejected or unhealthy.',
      () =>
        this.#endpoints(({ health }, labels) =>
          (['healthy', 'ejected', 'unhealthy'] as const).map((state) => ({
            labels: { ...labels, health: state },
            value: state === health ? 1 : 0,
          })),
        ),
    ),
    new Readings(
      'gauge',
      'tailorbird_breaker_state',
      '0 closed, 1 half-open, 2 open; by endpoint and operation.',
      () =>
        this.#endpoints(({ breakers }, labels) =>
          breakers.map(({ operation, phase }) => ({
            labels: { ...labels, operation },
            value: phase === 'closed' ? 0 : phase === 'open' ? 2 : 1,
          })),
        ),
    ),
  ];

  /** Counts events from now on, until `close`. */
  open(): void {
    resilienceEvents.subscribe(this.#count);
  }

  close(): void {
    resilienceEvents.unsubscribe(this.#count);
  }

  /** The channel is the process's: events of backends that this server does not have are not its own. */
  readonly #count = (message: unknown): void => {
    const event = message as ResilienceEvent; // the only thing that is sent there
    if (!this.#backends.has(event.backend) || countedByState.has(event.kind)) return;
    const name = event.kind === 'breaker' ? `breaker_${event.phase}` : event.kind;
    this.#events.at(event.backend, name).value += 1;
  };

  #ofBackends(
    type: 'gauge' | 'counter',
    name: string,
    help: string,
    read: (state: ResilienceState) => number | null,
  ): Readings {
    return new Readings(type, name, help, () =>
      this.#states().flatMap((state) => {
        const value = read(state);
        return value === null ? [] : [{ labels: { backend: state.backend }, value }];
      }),
    );
  }

  #ofEndpoints(
    type: 'gauge' | 'counter',
    name: string,
    help: string,
    read: (state: EndpointState) => number,
  ): Readings {
    return new Readings(type, name, help, () =>
      this.#endpoints((state, labels) => [{ labels, value: read(state) }]),
    );
  }

  #endpoints(
    read: (state: EndpointState, labels: Readonly<Record<string, string>>) => Sample[],
  ): Sample[] {
    return this.#states().flatMap(({ backend, endpoints }) =>
      endpoints.flatMap((state) =>
        read(state, {
          backend,
          endpoint: state.endpoint,
          zone: state.zone ?? '',
          group: state.group ?? '',
        }),
      ),
    );
  }

  #states(): ResilienceState[] {
    return [...this.#backends.values()].flatMap(({ transport }) => transport.state?.() ?? []);
  }
}

/** Kinds of events that the backend's own counts have already. */
const countedByState: ReadonlySet<string> = new Set([
  'retry',
  'retry-refused',
  'hedge',
  'stale-connection',
  'overloaded',
]);
