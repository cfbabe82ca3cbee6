import type { FailoverOptions } from '../policy-options.ts';
import type { Member } from './member.ts';

/**
 * Which of a group's endpoints are asked: those of the first priority of which enough are healthy,
 * of our own zone where enough of it are. A priority that was left is returned to once it has been
 * healthy for a while; when nothing is healthy, everything of the first is asked. Times in milliseconds.
 */
export class Failover {
  readonly #levels: readonly Level[];
  readonly #options: Required<FailoverOptions>;
  readonly #zone: string | null;
  readonly #onTurn: (from: number, to: number) => void;
  #active = 0;
  #candidates: readonly Member[];
  #home: readonly Member[];

  constructor(
    members: readonly Member[],
    options: Required<FailoverOptions>,
    zone: string | null,
    onTurn: (from: number, to: number) => void,
  ) {
    const priorities = [...new Set(members.map(({ endpoint }) => endpoint.priority))];
    this.#levels = priorities
      .sort((one, other) => one - other)
      .map((priority) => ({
        priority,
        members: members.filter(({ endpoint }) => endpoint.priority === priority),
        goodSince: Number.NEGATIVE_INFINITY,
      }));
    this.#options = options;
    this.#zone = zone;
    this.#onTurn = onTurn;
    this.#candidates = this.#home = this.#membersOf(this.#levels[0]!);
  }

  /** The priority that calls go to now. */
  get priority(): number {
    return this.#levels[this.#active]!.priority;
  }

  /** Endpoints for a call that may go anywhere. */
  get candidates(): readonly Member[] {
    return this.#candidates;
  }

  /** Endpoints for a write that is not declared safe elsewhere. */
  get home(): readonly Member[] {
    return this.#home;
  }

  /** Endpoints of the next priority after the active one, for a read that failed there. */
  get next(): readonly Member[] {
    const level = this.#levels[this.#active + 1];
    return level === undefined ? [] : level.members.filter(({ isHealthy }) => isHealthy);
  }

  /** Looks at the health of all; returns when to look again though nothing changes. */
  review(now: number): number {
    for (const level of this.#levels) {
      if (!this.#isGood(level.members)) level.goodSince = Number.POSITIVE_INFINITY;
      else if (level.goodSince === Number.POSITIVE_INFINITY) level.goodSince = now;
    }
    const before = this.priority;
    this.#active = this.#choose(now);
    this.#candidates = this.#membersOf(this.#levels[this.#active]!);
    this.#home = this.#membersOf(this.#levels[0]!);
    if (this.priority !== before) this.#onTurn(before, this.priority);
    const earlier = this.#levels.slice(0, this.#active);
    return Math.min(
      ...earlier.map(({ goodSince }) => goodSince + this.#options.backAfterMs),
      Number.POSITIVE_INFINITY,
    );
  }

  #choose(now: number): number {
    const isGood = ({ goodSince }: Level): boolean => goodSince !== Number.POSITIVE_INFINITY;
    if (isGood(this.#levels[this.#active]!)) {
      const back = this.#levels.findIndex(
        ({ goodSince }) => now - goodSince >= this.#options.backAfterMs,
      );
      return back >= 0 && back < this.#active ? back : this.#active;
    }
    const good = this.#levels.findIndex(isGood);
    if (good >= 0) return good;
    const some = this.#levels.findIndex(({ members }) => members.some((each) => each.isHealthy));
    return Math.max(0, some);
  }

  #membersOf({ members }: Level): readonly Member[] {
    const healthy = members.filter(({ isHealthy }) => isHealthy);
    if (healthy.length === 0) return members;
    const near = members.filter(({ endpoint }) => endpoint.zone === this.#zone);
    if (this.#zone === null || near.length === 0 || !this.#isGood(near)) return healthy;
    return near.filter(({ isHealthy }) => isHealthy);
  }

  #isGood(members: readonly Member[]): boolean {
    const healthy = members.filter(({ isHealthy }) => isHealthy).length;
    return healthy > 0 && healthy >= members.length * this.#options.leastHealthyShare;
  }
}

interface Level {
  readonly priority: number;
  readonly members: readonly Member[];
  /** Since when enough of it is healthy; infinite when it is not. */
  goodSince: number;
}
