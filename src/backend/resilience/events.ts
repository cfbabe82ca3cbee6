import { channel } from 'node:diagnostics_channel';

export type BreakerPhase = 'closed' | 'open' | 'half-open';

/** Something that a policy did. Sent on the channel `tailorbird:resilience`. */
export type ResilienceEvent =
  | {
      readonly kind: 'breaker';
      readonly backend: string;
      readonly endpoint: string;
      readonly operation: string;
      readonly phase: BreakerPhase;
    }
  | {
      /** Out of the balance, for so long. */
      readonly kind: 'ejected';
      readonly backend: string;
      readonly endpoint: string;
      readonly forMs: number;
    }
  | {
      /** Back in the balance. */
      readonly kind: 'returned' | 'unhealthy' | 'healthy';
      readonly backend: string;
      readonly endpoint: string;
    }
  | {
      /** Calls go to endpoints of another priority now. */
      readonly kind: 'failover';
      readonly backend: string;
      readonly from: number;
      readonly to: number;
    }
  | {
      /** One more attempt; `retry-refused` when the budget has none left. */
      readonly kind: 'retry' | 'retry-refused' | 'stale-connection' | 'hedge';
      readonly backend: string;
      readonly operation: string;
    }
  | {
      /** Turned away: too many in flight and waiting, or waiting for too long. */
      readonly kind: 'overloaded';
      readonly backend: string;
      readonly endpoint: string;
    };

/** What policies did, as it happens; costs nothing while nobody listens. */
export const resilienceEvents = channel('tailorbird:resilience');

export function emit(event: ResilienceEvent): void {
  if (resilienceEvents.hasSubscribers) resilienceEvents.publish(event);
}

/** How the policies of one backend stand now, for metrics and the log. */
export interface ResilienceState {
  readonly backend: string;
  /** Counts since the process began. */
  readonly calls: number;
  readonly retries: number;
  readonly retriesRefused: number;
  readonly staleConnections: number;
  readonly hedges: number;
  /** The priority that calls go to; null with one endpoint. */
  readonly priority: number | null;
  readonly endpoints: readonly EndpointState[];
}

export interface EndpointState {
  /** Host and port; for the log and operators only. */
  readonly endpoint: string;
  readonly zone: string | null;
  readonly priority: number;
  readonly group: string | null;
  readonly health: 'healthy' | 'ejected' | 'unhealthy';
  /** Attempts that reached its wire, since the process began. */
  readonly attempts: number;
  readonly inFlight: number;
  readonly waiting: number;
  /** Calls turned away by its bulkhead, since the process began. */
  readonly overloaded: number;
  /** What its answers take lately, in milliseconds; 0 before the first, and with one endpoint. */
  readonly latencyMs: number;
  readonly breakers: readonly { readonly operation: string; readonly phase: BreakerPhase }[];
}
