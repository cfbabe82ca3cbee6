import type { BackendName, FaultKind } from './fault.ts';
import { median } from '../table.ts';
import { healthyMs } from './http-fake.ts';
import { type Flow, type Outcome, percentile } from './load.ts';
import { type Rig, type RigRow, startRig } from './rig.ts';
import { type Figure, TooBusy, atMost, pause, shown } from './row.ts';

const four = ['alpha', 'beta', 'gamma', 'delta'] as const;
type One = (typeof four)[number];
type SickKind = Extract<FaultKind, 'hang' | 'stall' | 'trickle' | 'slow'>;

const codes = new Set(['UPSTREAM_TIMEOUT', 'UPSTREAM_UNAVAILABLE', 'UPSTREAM_OVERLOADED']);

/**
 * One of four backends is sick: the queries of the others do not notice, its own are answered with
 * null and a code in time, at once when the breaker is open; it opens soon, and heals.
 */
export function sickBackend(sick: One, kind: SickKind): RigRow {
  return {
    name: `${sick} (${kindOf[sick]}) ${words[kind]}`,
    async run(rig, scale) {
      const twin = await startRig();
      try {
        return await besideTwin(rig, twin, sick, kind, scale);
      } finally {
        await twin.close();
      }
    },
  };
}

/** The twin is healthy and has the same load at the same time, so that what else the machine does counts for both. */
async function besideTwin(
  rig: Rig,
  twin: Rig,
  sick: One,
  kind: SickKind,
  scale: number,
): Promise<readonly Figure[]> {
  const { load } = rig;
  for (const each of [rig, twin]) {
    each.load.start(four.map((name): Flow => flowOf(name, name === sick ? 40 : 50)));
  }
  await pause(3_000);
  const from = performance.now();
  await rig.fault(sick, { kind });
  await pause(8_000 * scale);
  await rig.fault(sick, { kind: 'none' });
  const to = performance.now();
  const healMs = await until(15_000, () => {
    const last = load.between(to, Number.POSITIVE_INFINITY, (name) => name === sick).slice(-20);
    return last.length === 20 && last.every(isOk);
  });
  await Promise.all([load.stop(), twin.load.stop()]);
  const twins = twin.load.between(from, to);
  if (!twins.every(isOk)) {
    const failures = twins.filter((each) => !isOk(each)).length;
    throw new TooBusy(`${failures} of ${twins.length} operations failed without a fault`);
  }
  const others = (name: string): boolean => name !== sick;
  const during = load.between(from, to, others);
  const healthyP99 = p99(twin.load.between(from, to, others));
  const machineMs = Math.max(0, healthyP99 - healthyMs);
  // What was under way when the fault began is neither.
  const own = load.between(from + 50, to, (name) => name === sick);
  const open = own.filter(({ result }) => result === 'CIRCUIT_OPEN');
  const failed = own.filter(({ result }) => codes.has(result));
  const openedAt = open[0]?.at ?? Number.POSITIVE_INFINITY;
  const seconds = Array.from({ length: Math.floor((to - from) / 2_000) }, (_, index) => {
    const [start, end] = [from + index * 2_000, from + (index + 1) * 2_000];
    return p99(load.between(start, end, others)) / p99(twin.load.between(start, end, others));
  });
  return [
    atMost(
      'p99 of the others over a healthy twin’s, median of each two seconds',
      median(seconds),
      1.2,
      '×',
    ),
    shown('the same over the whole fault', `${(p99(during) / healthyP99).toFixed(2)}×`),
    atMost('errors of the others', during.filter((each) => !isOk(each)).length, 0),
    right(own),
    atMost('p99 of its failures, less the delay of the twin', p99(failed) - machineMs, 550, ' ms'),
    atMost(
      'p99 with the breaker open, less the same',
      Math.max(0, p99(open) - machineMs),
      20,
      ' ms',
    ),
    atMost('the breaker opens after', (openedAt - from) / 1_000, 5, ' s'),
    atMost('heals after', healMs / 1_000, 15, ' s'),
  ];
}

function p99(outcomes: readonly Outcome[]): number {
  return percentile(
    outcomes.map(({ tookMs }) => tookMs),
    0.99,
  );
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
  const query = `query Read($id: ID!) { ${name}(id: $id) }`;
  return { name, perSecond, body: (count) => ({ query, variables: { id: String(count) } }) };
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

/** Answers of the sick one: HTTP 200, and either data or one of the codes that say why not. */
function right(own: readonly Outcome[]): Figure {
  const wrong = own.filter(
    ({ status, result }) =>
      status !== 200 || !(result === 'ok' || result === 'CIRCUIT_OPEN' || codes.has(result)),
  );
  return atMost(`its ${own.length} answers without status 200 or a right code`, wrong.length, 0);
}
