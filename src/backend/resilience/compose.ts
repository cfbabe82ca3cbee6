import type { Transport } from '../backend.ts';
import type { Endpoint } from '../endpoint.ts';
import type { EffectiveBackendPolicy } from '../policy.ts';
import { EndpointChoice } from './endpoint-choice.ts';
import { HealthCheck } from './health-check.ts';
import { Hedging } from './hedging.ts';
import { Member } from './member.ts';
import { Retry } from './retry.ts';

export interface ComposeOptions {
  /** The backend's name. */
  readonly backend: string;
  readonly endpoints: readonly Endpoint[];
  readonly policy: EffectiveBackendPolicy;
  /** Opens the wire to one endpoint. */
  readonly connect: (endpoint: URL) => Transport;
}

/**
 * One transport over all endpoints of a backend, under its policy. A call passes, in this order:
 * hedging, retry with its budget, choice of endpoint, then that endpoint's breaker, bulkhead and
 * wire; each attempt passes the last four anew. The deadline is the call's own, around all of it.
 *
 * Fails: Error when endpoints and policy do not fit together.
 */
export function underPolicy(options: ComposeOptions): Required<Transport> {
  const { backend, endpoints, policy, connect } = options;
  const mesh = policy.resilience === 'mesh';
  if (endpoints.length === 0) {
    throw new Error(`backend "${backend}" needs at least one endpoint, but got: none`);
  }
  if (mesh && endpoints.length > 1) {
    throw new Error(
      `backend "${backend}": with policy.resilience "mesh" the mesh balances; expected one endpoint, but got: ${endpoints.length}`,
    );
  }
  const members = endpoints.map((endpoint) => new Member(endpoint, connect(endpoint.url), policy));
  const only = members[0]!;
  const choice = members.length > 1 ? new EndpointChoice(backend, members, policy) : undefined;
  const checks =
    policy.healthCheck === false || choice === undefined
      ? []
      : members.map(
          (member) =>
            new HealthCheck(
              backend,
              member,
              policy.healthCheck as Exclude<typeof policy.healthCheck, false>, // checked above
              () => choice.changed(),
            ),
        );
  const retry = new Retry(choice ?? only, policy);
  const hedging = !mesh && hedges(policy) ? new Hedging(retry, policy) : undefined;
  const outermost: Pick<Transport, 'call'> = hedging ?? retry;
  return {
    call: (call) => outermost.call(call),
    stream: (call) => (choice ?? only).stream(call),
    async probe(signal) {
      const answers = await Promise.all(members.map((member) => member.probe(signal)));
      return answers.includes(true);
    },
    state: () => ({
      backend,
      calls: retry.calls,
      retries: retry.retries,
      retriesRefused: retry.refused,
      staleConnections: retry.staleConnections,
      hedges: hedging?.hedges ?? 0,
      priority: choice?.priority ?? null,
      endpoints: members.map((member) => member.state()),
    }),
    async close() {
      for (const check of checks) check.close();
      await Promise.all(members.map((member) => member.close()));
    },
  };
}

function hedges(policy: EffectiveBackendPolicy): boolean {
  return [policy, ...Object.values(policy.operations)].some(({ hedging }) => hedging !== false);
}
