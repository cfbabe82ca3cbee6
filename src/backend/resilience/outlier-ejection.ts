import type { OutlierEjectionOptions } from '../policy-options.ts';
import { emit } from './events.ts';
import type { Member } from './member.ts';

/**
 * Takes endpoints out of the balance that fail several times in a row, while others do not: at most
 * a share of them, and none when all are bad. Times in milliseconds.
 */
export class OutlierEjection {
  readonly #backend: string;
  readonly #members: readonly Member[];
  readonly #options: Required<OutlierEjectionOptions> | false;
  readonly #most: number;
  readonly #onChange: () => void;
  readonly #terms = new Map<Member, Term>();

  constructor(
    backend: string,
    members: readonly Member[],
    options: Required<OutlierEjectionOptions> | false,
    onChange: () => void,
  ) {
    this.#backend = backend;
    this.#members = members;
    this.#options = options;
    this.#most = options === false ? 0 : Math.floor(members.length * options.maxShare);
    this.#onChange = onChange;
  }

  /** When the next ejected endpoint comes back; infinite when none is out. */
  get nextReturn(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const [member, { until }] of this.#terms) {
      if (member.isEjected) next = Math.min(next, until);
    }
    return next;
  }

  succeeded(member: Member): void {
    member.failuresInARow = 0;
  }

  failed(member: Member, now: number): void {
    member.failuresInARow += 1;
    const options = this.#options;
    if (options === false || member.isEjected) return;
    if (member.failuresInARow < options.failuresInARow) return;
    const out = this.#members.filter(({ isEjected }) => isEjected);
    const allBad = this.#members.every(
      (each) => each.isEjected || each.failuresInARow >= options.failuresInARow,
    );
    if (allBad) for (const each of out) this.#return(each, now, 0);
    else if (out.length < this.#most) this.#eject(member, now, options);
  }

  /** Brings back whose time is over; its next failure ejects it again. */
  returnDue(now: number): void {
    if (this.#options === false) return;
    for (const [member, { until }] of this.#terms) {
      if (member.isEjected && now >= until) {
        this.#return(member, now, this.#options.failuresInARow - 1);
      }
    }
  }

  #eject(member: Member, now: number, options: Required<OutlierEjectionOptions>): void {
    const before = this.#terms.get(member);
    const goodTerms = before === undefined ? 0 : Math.floor((now - before.until) / options.ejectMs);
    const times = Math.max(0, (before?.times ?? 0) - goodTerms) + 1;
    const forMs = options.ejectMs * times;
    this.#terms.set(member, { times, until: now + forMs });
    member.isEjected = true;
    emit({ kind: 'ejected', backend: this.#backend, endpoint: member.host, forMs });
    this.#onChange();
  }

  #return(member: Member, now: number, failuresInARow: number): void {
    const term = this.#terms.get(member);
    if (term) term.until = Math.min(term.until, now);
    member.isEjected = false;
    member.failuresInARow = failuresInARow;
    emit({ kind: 'returned', backend: this.#backend, endpoint: member.host });
    this.#onChange();
  }
}

interface Term {
  /** How often it was ejected lately: one less for each time of health as long as the first ejection. */
  readonly times: number;
  until: number;
}
