import type { BackendAnswer, BackendCall } from '../backend.ts';
import type { EffectiveBackendPolicy } from '../policy.ts';
import { answered, speaksAgainst } from './breaker.ts';
import { emit } from './events.ts';
import { Failover } from './failover.ts';
import type { Member } from './member.ts';
import { OutlierEjection } from './outlier-ejection.ts';
import { TrafficSplit } from './traffic-split.ts';

/**
 * Sends each call to one of several endpoints: its side of a traffic split, the active priority, our
 * zone, what is healthy; of two of those taken at random, the one that answers sooner by its recent
 * latency and what it has yet to answer. A second attempt goes elsewhere where there is an elsewhere.
 */
export class EndpointChoice {
  readonly #members: readonly Member[];
  readonly #policy: EffectiveBackendPolicy;
  readonly #split: TrafficSplit;
  readonly #ejection: OutlierEjection;
  readonly #groups = new Map<string | null, Failover>();
  readonly #main: Failover;
  #reviewAt = Number.NEGATIVE_INFINITY;

  /** Fails: Error when a group of endpoints has no split, or nothing is left beside the groups. */
  constructor(backend: string, members: readonly Member[], policy: EffectiveBackendPolicy) {
    this.#policy = policy;
    this.#members = members;
    this.#split = new TrafficSplit(backend, policy.split);
    this.#ejection = new OutlierEjection(backend, members, policy.outlierEjection, () =>
      this.changed(),
    );
    for (const [group, of] of Map.groupBy(members, ({ endpoint }) => endpoint.group)) {
      if (group !== null && policy.split[group] === undefined) {
        throw new Error(
          `backend "${backend}": endpoints of group "${group}" get no calls; name it in policy.split`,
        );
      }
      const onTurn = (from: number, to: number) => emit({ kind: 'failover', backend, from, to });
      this.#groups.set(group, new Failover(of, policy.failover, policy.zone, onTurn));
    }
    const main = this.#groups.get(null);
    if (main === undefined) {
      throw new Error(
        `backend "${backend}": every endpoint has a group; at least one must have none`,
      );
    }
    this.#main = main;
  }

  /** The priority that calls go to now. */
  get priority(): number {
    return this.#main.priority;
  }

  /** The health of an endpoint turned; what follows from it is found at the next call. */
  changed(): void {
    this.#reviewAt = Number.NEGATIVE_INFINITY;
  }

  call(call: BackendCall): Promise<BackendAnswer> {
    const startedAt = performance.now();
    const member = this.#choose(call, startedAt);
    return member.call(call).then(
      (answer) => {
        const now = performance.now();
        member.latency.observe(now - startedAt, now);
        this.#ejection.succeeded(member);
        return answer;
      },
      (error: unknown) => {
        this.#failed(member, call, error);
        throw error;
      },
    );
  }

  /** Whether some endpoint's breaker lets the call through. */
  admits(call: BackendCall, now: number): boolean {
    return this.#members.some((member) => member.admits(call, now));
  }

  stream(call: BackendCall): AsyncIterableIterator<unknown> {
    const member = this.#choose(call, performance.now());
    const values = member.stream(call)[Symbol.asyncIterator]();
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      next: async () => {
        try {
          const result = await values.next();
          this.#ejection.succeeded(member);
          return result;
        } catch (error) {
          this.#failed(member, call, error);
          throw error;
        }
      },
      async return() {
        return (await values.return?.()) ?? { done: true, value: undefined };
      },
    };
  }

  #failed(member: Member, call: BackendCall, error: unknown): void {
    if (speaksAgainst(call, error)) this.#ejection.failed(member, performance.now());
    else if (answered(error)) this.#ejection.succeeded(member);
  }

  #choose(call: BackendCall, now: number): Member {
    if (now >= this.#reviewAt) this.#review(now);
    const side = this.#groups.get(this.#split.groupOf(call)) ?? this.#main;
    const failover = side.candidates.some(({ isHealthy }) => isHealthy) ? side : this.#main;
    const anywhere = this.#policy.failover.writes || isRead(call);
    const from = anywhere ? failover.candidates : failover.home;
    const failedAt = call.record?.attempts ? call.record.endpoint : undefined;
    const open = from.filter((each) => each.host !== failedAt && each.admits(call, now));
    if (open.length > 0) return lighter(open, now);
    if (anywhere && failedAt !== undefined) {
      const next = failover.next.filter((each) => each.admits(call, now));
      if (next.length > 0) return lighter(next, now);
    }
    return lighter(from, now);
  }

  #review(now: number): void {
    this.#ejection.returnDue(now);
    this.#reviewAt = this.#ejection.nextReturn;
    for (const failover of this.#groups.values()) {
      this.#reviewAt = Math.min(this.#reviewAt, failover.review(now));
    }
  }
}

/** A call without effects: one that is idempotent by itself, not by its key. */
function isRead(call: BackendCall): boolean {
  return call.idempotent && call.headers['idempotency-key'] === undefined;
}

/** Power of two choices on peak EWMA. */
function lighter(members: readonly Member[], now: number): Member {
  const [first, second] = twoOf(members);
  return costOf(second, now) < costOf(first, now) ? second : first;
}

/**
 * Two at random. With equal weights they differ, so that the worst is never taken; with different
 * ones each is drawn by weight for itself, so that even the fastest gets no more than its share twice.
 */
function twoOf(members: readonly Member[]): readonly [Member, Member] {
  const { length } = members;
  if (length === 1) return [members[0]!, members[0]!];
  const weight = members[0]!.endpoint.weight;
  if (members.some(({ endpoint }) => endpoint.weight !== weight)) {
    return [byWeight(members), byWeight(members)];
  }
  const first = Math.floor(Math.random() * length);
  const second = (first + 1 + Math.floor(Math.random() * (length - 1))) % length;
  return [members[first]!, members[second]!];
}

function byWeight(members: readonly Member[]): Member {
  let total = 0;
  for (const { endpoint } of members) total += endpoint.weight;
  let point = Math.random() * total;
  for (const member of members) {
    point -= member.endpoint.weight;
    if (point < 0) return member;
  }
  return members[members.length - 1]!;
}

/** Expected wait; a millisecond more, so that differences below it do not decide. */
function costOf(member: Member, now: number): number {
  return (member.latency.at(now) + 1) * (member.pending + 1);
}
