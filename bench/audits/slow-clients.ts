import { spawn } from 'node:child_process';
import { Load, type Outcome, percentile } from '../faults/load.ts';
import { atMost, type Figure, pause, type Row, shown, skipped, TooBusy } from '../faults/row.ts';
import { idOf, inHouse } from '../faults/server/house.ts';
import { isOk } from '../faults/sick-backend.ts';
import { median } from '../table.ts';

const rounds = 6;
const connections = 400;

/**
 * slowhttptest's attacks on a bff in production profile, whose other clients should not notice. A twin
 * has the same load at the same time, so that what the attacker and the rest of the machine do counts
 * for both; they change places each round. All limits are as they are by default: the attacker has one
 * address, as slowhttptest has, and the others have 250 behind a proxy that is believed.
 */
export const slowClients: readonly Row[] = [
  slow('slow headers', ['-H', '-i', '1']),
  slow('slow bodies', ['-B', '-i', '1', '-t', 'POST', '-f', 'application/json', '-s', '4096']),
  slow('slow reads', ['-X', '-w', '1', '-y', '16', '-n', '1', '-z', '5', '-k', '3'], 'crowd'),
];

interface Target {
  readonly url: string;
  readonly load: Load;
}

function slow(what: string, options: readonly string[], reading?: 'crowd'): Row {
  const query = new URLSearchParams({
    documentId: idOf(reading ?? 'item'),
    variables: '{"salt":"1"}',
  });
  const attack = ({ url }: Target, seconds: number) =>
    slowhttptest(reading ? `${url}?${query}` : url, seconds, options);
  return {
    name: `audits: slowhttptest, ${what}`,
    run: (scale) =>
      inHouse(async (house) => {
        const behindProxy = { env: { TRUST_PROXY: '1' } };
        const bffs = [await house.bff(behindProxy), await house.bff(behindProxy)];
        const targets = bffs.map(({ url }): Target => ({ url, load: new Load(url) }));
        for (const { load } of targets) {
          load.start([{ name: 'item', perSecond: 120, body: item, headers: fromSomewhere }]);
        }
        try {
          await pause(3_000); // while code is compiled
          return await alternately(targets, Math.round(6_000 * scale), attack);
        } finally {
          await Promise.all(targets.map(({ load }) => load.close()));
        }
      }),
  };
}

async function alternately(
  targets: readonly Target[],
  forMs: number,
  attack: (target: Target, seconds: number) => ReturnType<typeof slowhttptest>,
): Promise<readonly Figure[]> {
  const ratios: number[] = [];
  let bad = 0;
  const kinds = new Set<string>();
  for (let round = 0; round < rounds; round += 1) {
    const attacked = targets[round % 2]!;
    const twin = targets[(round + 1) % 2]!;
    const { started, ended } = attack(attacked, Math.ceil((forMs + 3_000) / 1_000));
    if (!(await started)) return [skipped('p99 of the others', 'install slowhttptest to see it')];
    await pause(2_000); // until its connections are made
    const from = performance.now();
    await pause(forMs);
    const to = performance.now();
    const [its, twins] = [attacked.load.between(from, to), twin.load.between(from, to)];
    const failures = twins.filter((each) => !isOk(each)).length;
    if (failures > 0) throw new TooBusy(`${failures} requests failed without an attack`);
    ratios.push(p99(its) / p99(twins));
    for (const each of its) {
      if (isOk(each)) continue;
      bad += 1;
      kinds.add(`${each.status} ${each.result}`);
    }
    await ended;
  }
  return [
    atMost('p99 of the others over that of a twin without it', median(ratios), 1.2, '×'),
    atMost('failed of the others', bad, 0),
    ...(kinds.size > 0 ? [shown('they failed with', [...kinds].join('; '))] : []),
    shown('by round', ratios.map((ratio) => `${ratio.toFixed(2)}×`).join(', ')),
  ];
}

function p99(outcomes: readonly Outcome[]): number {
  return percentile(
    outcomes.map(({ tookMs }) => tookMs),
    0.99,
  );
}

function item(count: number) {
  return { documentId: idOf('item'), variables: { id: String(count) } };
}

/** One of 250 addresses, in turn. */
function fromSomewhere(count: number) {
  return { 'x-forwarded-for': `10.1.0.${(count % 250) + 1}` };
}

/** Ends by itself after some seconds. */
function slowhttptest(target: string, seconds: number, options: readonly string[]) {
  const rate = ['-c', String(connections), '-r', '400', '-l', String(seconds)];
  const child = spawn('slowhttptest', [...options, ...rate, '-u', target], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  const stop = setTimeout(() => child.kill('SIGTERM'), (seconds + 5) * 1_000);
  void ended.then(() => clearTimeout(stop));
  const started = new Promise<boolean>((resolve) => {
    child.once('spawn', () => resolve(true));
    child.once('error', () => resolve(false));
  });
  return { started, ended };
}
