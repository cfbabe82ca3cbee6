import { Pool } from 'undici';

/** What came of one operation. */
export interface Outcome {
  /** Which of the load's operations it was. */
  readonly name: string;
  /** When it was due, on the clock of `performance.now()`, in milliseconds. */
  readonly at: number;
  /** From when it was due to its answer, in milliseconds. */
  readonly tookMs: number;
  /** `ok`, the code of its error, or what went wrong before there was an answer. */
  readonly result: string;
  readonly status: number;
}

export interface Flow {
  readonly name: string;
  readonly perSecond: number;
  readonly body: (count: number) => object;
  /** @default none beside those of a JSON POST */
  readonly headers?: (count: number) => Readonly<Record<string, string>>;
}

/** Sends operations at fixed rates, whatever their answers do, until stopped. */
export class Load {
  readonly #pool: Pool;
  readonly #outcomes: Outcome[] = [];
  readonly #pending = new Set<Promise<void>>();
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(url: string) {
    this.#pool = new Pool(new URL(url).origin, { connections: 512 });
  }

  start(flows: readonly Flow[]): void {
    for (const { name, perSecond, body, headers } of flows) {
      const startedAt = performance.now();
      let sent = 0;
      const send = (): void => {
        for (; sent < ((performance.now() - startedAt) * perSecond) / 1_000; sent++) {
          const due = startedAt + (sent * 1_000) / perSecond;
          const operation = this.#one(name, due, body(sent), headers?.(sent));
          this.#pending.add(operation);
          void operation.finally(() => this.#pending.delete(operation));
        }
      };
      this.#timers.push(setInterval(send, 5));
    }
  }

  /** Everything so far that was due in a stretch of time. */
  between(from: number, to: number, names?: (name: string) => boolean): Outcome[] {
    return this.#outcomes.filter(
      ({ at, name }) => at >= from && at < to && (names === undefined || names(name)),
    );
  }

  /** Sends no more, and waits for what is under way. */
  async stop(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    await Promise.all(this.#pending);
  }

  async close(): Promise<void> {
    await this.stop();
    await this.#pool.destroy();
  }

  async #one(
    name: string,
    at: number,
    body: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    let result = 'ok';
    let status = 0;
    try {
      const answer = await this.#pool.request({
        method: 'POST',
        path: '/graphql',
        headers: { ...headers, 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify(body),
      });
      status = answer.statusCode;
      const { errors } = (await answer.body.json()) as {
        errors?: { extensions?: { code?: string } }[];
      };
      if (errors) result = errors[0]?.extensions?.code ?? 'no code';
    } catch (error) {
      result = `no answer: ${String(error)}`;
    }
    this.#outcomes.push({ name, at, tookMs: performance.now() - at, result, status });
  }
}

/** The value below which `share` of the values lie; 0 of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
