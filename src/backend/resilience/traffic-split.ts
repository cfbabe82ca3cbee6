import type { BackendCall } from '../backend.ts';
import type { SplitOptions } from '../policy-options.ts';

/** Names the group of endpoints that a call goes to; the same caller gets the same one each time. */
export class TrafficSplit {
  readonly #byClient = new Map<string, string>();
  readonly #shares: { readonly group: string; readonly below: number }[] = [];

  /** Fails: RangeError when the percentages come to more than 100. */
  constructor(backend: string, split: Readonly<Record<string, Required<SplitOptions>>>) {
    let below = 0;
    for (const [group, { percent, clients }] of Object.entries(split)) {
      for (const client of clients) this.#byClient.set(client, group);
      below += percent;
      if (percent > 0) this.#shares.push({ group, below });
    }
    if (below > 100) {
      throw new RangeError(
        `backend "${backend}": the percentages of policy.split must come to at most 100, but got: ${below}`,
      );
    }
  }

  /** Null for the endpoints that nothing is split to. */
  groupOf(call: BackendCall): string | null {
    if (this.#byClient.size > 0) {
      const group = this.#byClient.get(call.headers['x-client-name'] ?? '');
      if (group !== undefined) return group;
    }
    if (this.#shares.length === 0) return null;
    const point = pointOf(call.caller ?? call.headers['x-request-id'] ?? '');
    return this.#shares.find(({ below }) => point < below)?.group ?? null;
  }
}

/** A point from 0 to 100 for a text, evenly spread: FNV-1a, mixed once more. */
function pointOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  hash = (hash ^ (hash >>> 16)) >>> 0;
  return (hash / 2 ** 32) * 100;
}
