import { spawn } from 'node:child_process';
import { Load, type Outcome, percentile } from '../faults/load.ts';
import { atMost, type Figure, pause, type Row, shown, skipped, TooBusy } from '../faults/row.ts';
import { idOf, inHouse, oneAddress } from '../faults/server/house.ts';
import { isOk } from '../faults/sick-backend.ts';
import { median } from '../table.ts';

const rounds = 6;
const connections = 400;

/**
 * slowhttptest's attacks on a bff in production profile, whose other clients should not notice. A twin
 * has the same load at the same time, so that what the attacker and the rest of the machine do counts
 * for both; they change places each round. Where what is attacked costs something in itself, the twin
 * is asked for the same by a client that reads as fast as it is answered: what slow reading adds is seen.
 */
export const slowClients: readonly Row[] = [
  slow('slow headers', ['-H', '-i', '1']),
  slow('slow bodies', ['-B', '-i', '1', '-t', 'POST', '-f', 'application/json', '-s', '4096']),
  slow('slow reads', ['-X', '-w', '1', '-y', '16', '-n', '1', '-z', '5', '-k', '3'], {
    operation: 'crowd',
    // The same requests over as many connections, read at once.
    twin: ['-X', '-w', '65000', '-y', '65535', '-n', '1', '-z', '1000000', '-k', '3'],
  }),
];

interface Target {
  readonly url: string;
  readonly load: Load;
}

interface Asking {
  /** What the attacker asks for. */
  readonly operation: 'crowd';
  /** How somebody asks the twin for as much. */
  readonly twin: readonly string[];
}

interface Attack {
  readonly attack: (target: Target, seconds: number) => Tool;
  /** @default the twin is left in peace */
  readonly twin?: (target: Target, seconds: number) => Tool;
}

function slow(what: string, options: readonly string[], asking?: Asking): Row {
  const query = asking
    ? `?${new URLSearchParams({ documentId: idOf(asking.operation), variables: '{"salt":"1"}' })}`
    : '';
  const tool =
    (given: readonly string[]) =>
    ({ url }: Target, seconds: number) =>
      slowhttptest(`${url}${query}`, seconds, given);
  const attack: Attack = { attack: tool(options), ...(asking && { twin: tool(asking.twin) }) };
  return {
    name: `audits: slowhttptest, ${what}`,
    run: (scale) =>
      inHouse(async (house) => {
        const bffs = [
          await house.bff({ limits: oneAddress }),
          await house.bff({ limits: oneAddress }),
        ];
        const targets = bffs.map(({ url }): Target => ({ url, load: new Load(url) }));
        for (const { load } of targets) load.start([{ name: 'item', perSecond: 120, body: item }]);
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
  { attack, twin: same }: Attack,
): Promise<readonly Figure[]> {
  const ratios: number[] = [];
  let bad = 0;
  let twinsBad = 0;
  const kinds = new Set<string>();
  for (let round = 0; round < rounds; round += 1) {
    const attacked = targets[round % 2]!;
    const twin = targets[(round + 1) % 2]!;
    const seconds = Math.ceil((forMs + 3_000) / 1_000);
    const alike = same?.(twin, seconds);
    const { started, ended } = attack(attacked, seconds);
    if (!(await started)) return [skipped('p99 of the others', 'install slowhttptest to see it')];
    await pause(2_000); // until its connections are made
    const from = performance.now();
    await pause(forMs);
    const to = performance.now();
    const [its, twins] = [attacked.load.between(from, to), twin.load.between(from, to)];
    const failures = twins.filter((each) => !isOk(each)).length;
    if (failures > 0 && !alike) throw new TooBusy(`${failures} requests failed without an attack`);
    twinsBad += failures;
    ratios.push(p99(its) / p99(twins));
    for (const each of its) {
      if (isOk(each)) continue;
      bad += 1;
      kinds.add(`${each.status} ${each.result}`);
    }
    await Promise.all([ended, alike?.ended]);
  }
  return [
    atMost('p99 of the others over that of a twin without it', median(ratios), 1.2, '×'),
    atMost('failed of the others', bad, 0),
    ...(kinds.size > 0 ? [shown('they failed with', [...kinds].join('; '))] : []),
    ...(twinsBad > 0 ? [shown('failed of the twin’s', String(twinsBad))] : []),
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

interface Tool {
  /** False where it is not installed. */
  readonly started: Promise<boolean>;
  readonly ended: Promise<void>;
}

/** Ends by itself after some seconds. */
function slowhttptest(target: string, seconds: number, options: readonly string[]): Tool {
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
