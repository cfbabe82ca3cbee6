import type { BackendName, FaultKind } from './fault.ts';
import { type Flow, type Outcome, percentile } from './load.ts';
import { type Figure, type Row, atMost, pause } from './row.ts';

const four = ['alpha', 'beta', 'gamma', 'delta'] as const;
type One = (typeof four)[number];

/** The policy's timeout in `bff.ts`, and what the table allows on top. */
const deadlineMs = 180 + 50;
const codes = new Set(['UPSTREAM_TIMEOUT', 'UPSTREAM_UNAVAILABLE', 'UPSTREAM_OVERLOADED']);

/**
 * One of four backends is sick: the queries of the others do not notice, its own are answered with
 * null and a code in time, at once when the breaker is open; it opens soon, and heals.
 */
export function sickBackend(
  sick: One,
  kind: Extract<FaultKind, 'hang' | 'stall' | 'trickle' | 'slow'>,
): Row {
  return {
    name: `${sick} (${kindOf[sick]}) ${words[kind]}`,
    async run(rig, scale) {
      const { load } = rig;
      load.start(four.map((name): Flow => flowOf(name, name === sick ? 40 : 50)));
      await pause(1_000);
      const healthyFrom = performance.now();
      await pause(4_000 * scale);
      await rig.fault(sick, { kind });
      const from = performance.now();
      await pause(7_000 * scale);
      await rig.fault(sick, { kind: 'none' });
      const healedAt = performance.now();
      const healMs = await until(15_000, () => {
        const last = load.between(healedAt, Number.POSITIVE_INFINITY, (name) => name === sick);
        return last.slice(-20).length === 20 && last.slice(-20).every(isOk);
      });
      const againFrom = performance.now();
      await pause(2_000 * scale);
      await load.stop();
      const others = (name: string): boolean => name !== sick;
      const healthy = [
        ...load.between(healthyFrom, from, others),
        ...load.between(againFrom, performance.now(), others),
      ];
      const during = load.between(from, healedAt, others);
      // What was under way when the fault began is neither.
      const own = load.between(from + 50, healedAt, (name) => name === sick);
      const opened = own.find(({ result }) => result === 'CIRCUIT_OPEN');
      const open = own.filter(({ result }) => result === 'CIRCUIT_OPEN');
      const failed = own.filter(({ result }) => codes.has(result));
      return [
        ...untouched(healthy, during),
        right(own),
        atMost(
          'its slowest answer',
          Math.max(...failed.map(({ tookMs }) => tookMs)),
          deadlineMs,
          ' ms',
        ),
        atMost(
          'p99 once the breaker is open',
          percentile(
            open.map(({ tookMs }) => tookMs),
            0.99,
          ),
          20,
          ' ms',
        ),
        atMost(
          'the breaker opens after',
          ((opened?.at ?? Number.POSITIVE_INFINITY) - from) / 1_000,
          5,
          ' s',
        ),
        atMost('heals after', healMs / 1_000, 15, ' s'),
      ];
    },
  };
}

const kindOf = { alpha: 'REST', beta: 'REST', gamma: 'gRPC', delta: 'GraphQL' } as const;
const words = {
  hang: 'hangs',
  stall: 'stalls after headers',
  trickle: 'trickles',
  slow: 'is ten times slower',
} as const;

export function flowOf(
  name: Extract<BackendName, One> | 'replicas' | 'regions',
  perSecond: number,
): Flow {
  return { name, perSecond, body: (count) => ({ query: `{ ${name}(id: "${count}") }` }) };
}

export function isOk({ result, status }: Outcome): boolean {
  return result === 'ok' && status === 200;
}

/** How long until `done`, in milliseconds; infinite when longer than `limitMs`. */
export async function until(limitMs: number, done: () => boolean): Promise<number> {
  const startedAt = performance.now();
  while (performance.now() - startedAt < limitMs) {
    if (done()) return performance.now() - startedAt;
    await pause(50);
  }
  return Number.POSITIVE_INFINITY;
}

function untouched(healthy: readonly Outcome[], during: readonly Outcome[]): Figure[] {
  const p99 = (outcomes: readonly Outcome[]) =>
    percentile(
      outcomes.map(({ tookMs }) => tookMs),
      0.99,
    );
  return [
    atMost('p99 of the others, faulty over healthy', p99(during) / p99(healthy), 1.2, '×'),
    atMost('errors of the others', during.filter((each) => !isOk(each)).length, 0),
  ];
}

/** Answers of the sick one: HTTP 200, and either data or one of the codes that say why not. */
function right(own: readonly Outcome[]): Figure {
  const wrong = own.filter(
    ({ status, result }) =>
      status !== 200 || !(result === 'ok' || result === 'CIRCUIT_OPEN' || codes.has(result)),
  );
  return atMost(`its ${own.length} answers without status 200 or a right code`, wrong.length, 0);
}
