import { percentile } from './load.ts';
import { onRig, type RigRow } from './rig.ts';
import { type Row, atLeast, atMost, pause, shown } from './row.ts';
import { flowOf, isOk, sickBackend, until } from './sick-backend.ts';

const allUnavailable: RigRow = {
  name: 'alpha answers 503 to everything',
  async run({ load, fault, tally }, scale) {
    await fault('alpha', { kind: 'unavailable', every: 1 });
    await tally('alpha');
    const from = performance.now();
    load.start([flowOf('alpha', 200)]);
    await pause(8_000 * scale);
    await load.stop();
    const { calls: attempts } = await tally('alpha');
    await fault('alpha', { kind: 'none' });
    const calls = load.between(from, performance.now()).length;
    await pause(6_000);
    return [atMost('attempts over calls', attempts / calls, 1.1)];
  },
};

/** One operation with ten calls. */
const tenReads = `query Ten($id: ID!) { ${Array.from({ length: 10 }, (_, index) => `a${index}: alpha(id: $id)`).join(' ')} }`;

const somewhatUnavailable: RigRow = {
  name: 'alpha answers 503 to one call in a hundred',
  async run({ load, fault, tally }, scale) {
    await fault('alpha', { kind: 'unavailable', every: 100 });
    await tally('alpha');
    const from = performance.now();
    load.start([
      {
        name: 'ten',
        perSecond: 80,
        body: (count) => ({ query: tenReads, variables: { id: String(count) } }),
      },
    ]);
    await pause(25_000 * scale);
    await load.stop();
    await fault('alpha', { kind: 'none' });
    const queries = load.between(from, performance.now());
    const failed = queries.filter((each) => !isOk(each)).length;
    const calls = queries.length * 10;
    return [atMost(`client-visible of ${calls} calls`, (failed / calls) * 100, 0.02, '%')];
  },
};

const book = 'mutation Book($id: ID!, $key: String) { book(id: $id, key: $key) }';

const resets: RigRow = {
  name: 'alpha resets one in five reused connections',
  async run({ load, fault, tally }, scale) {
    await tally('alpha');
    await fault('alpha', { kind: 'reset-reused', every: 5 });
    const from = performance.now();
    const run = `${Math.round(from)}`;
    load.start([
      flowOf('alpha', 100),
      {
        name: 'book',
        perSecond: 20,
        body: (count) => ({ query: book, variables: { id: `${run}-a${count}` } }),
      },
      {
        name: 'book by key',
        perSecond: 20,
        body: (count) => ({
          query: book,
          variables: { id: `${run}-b${count}`, key: `${run}-${count}` },
        }),
      },
    ]);
    await pause(8_000 * scale);
    await load.stop();
    await fault('alpha', { kind: 'none' });
    const { effects } = await tally('alpha');
    const outcomes = load.between(from, performance.now());
    const failed = (name: string) =>
      outcomes.filter((each) => each.name === name && !isOk(each)).length;
    return [
      atMost(
        `failed of ${outcomes.filter(({ name }) => name === 'alpha').length} queries`,
        failed('alpha'),
        0,
      ),
      atMost('failed mutations with an idempotency key', failed('book by key'), 0),
      atMost(
        `doubled of ${Object.keys(effects).length} effects`,
        Object.values(effects).filter((times) => times > 1).length,
        0,
      ),
    ];
  },
};

function badReplica(kind: 'hang' | 'unavailable'): RigRow {
  return {
    name: `one of three replicas ${kind === 'hang' ? 'hangs' : 'answers 503'}`,
    async run({ load, events, fault }, scale) {
      load.start([flowOf('replicas', 150)]);
      await pause(2_000 * scale);
      const from = performance.now();
      await fault('replica2', kind === 'hang' ? { kind } : { kind, every: 1 });
      const ejected = () =>
        events.find(
          (event) => event.kind === 'ejected' && event.backend === 'replicas' && event.at > from,
        );
      const ejectedMs = await until(10_000, () => ejected() !== undefined);
      const after = performance.now();
      await pause(4_000 * scale);
      await load.stop();
      await fault('replica2', { kind: 'none' });
      const reads = load.between(after, performance.now());
      const good = reads.filter(isOk);
      return [
        atMost('ejected after', ejectedMs / 1_000, 5, ' s'),
        atLeast(
          `good of ${reads.length} reads afterwards`,
          (good.length / reads.length) * 100,
          99.9,
          '%',
        ),
        atMost(
          'their p99',
          percentile(
            good.map(({ tookMs }) => tookMs),
            0.99,
          ),
          500,
          ' ms',
        ),
      ];
    },
  };
}

const primaryKilled: RigRow = {
  name: 'the primary is killed',
  async run({ load, fault }, scale) {
    load.start([flowOf('regions', 200)]);
    await pause(2_000 * scale);
    const from = performance.now();
    await fault('primary', { kind: 'killed' });
    await pause(2_000 + 8_000 * scale);
    await load.stop();
    await fault('primary', { kind: 'none' });
    const first = load.between(from, from + 2_000);
    const reads = load.between(from + 2_000, performance.now());
    return [
      atLeast(
        `good of ${reads.length} reads after 2 s`,
        (reads.filter(isOk).length / reads.length) * 100,
        99.9,
        '%',
      ),
      shown(
        `good of ${first.length} reads in the first 2 s`,
        `${((first.filter(isOk).length / first.length) * 100).toFixed(2)}%`,
      ),
    ];
  },
};

/** The rows of the fault table that concern backends, in the order they run. */
export const backendRows: readonly Row[] = [
  sickBackend('alpha', 'hang'),
  sickBackend('alpha', 'stall'),
  sickBackend('alpha', 'trickle'),
  sickBackend('alpha', 'slow'),
  sickBackend('gamma', 'hang'),
  sickBackend('gamma', 'slow'),
  sickBackend('delta', 'hang'),
  allUnavailable,
  somewhatUnavailable,
  resets,
  badReplica('unavailable'),
  badReplica('hang'),
  primaryKilled,
].map(onRig);
