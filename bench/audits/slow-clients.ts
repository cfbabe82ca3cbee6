import { spawn } from 'node:child_process';
import { Load, percentile } from '../faults/load.ts';
import { atMost, type Figure, pause, type Row, shown, skipped, TooBusy } from '../faults/row.ts';
import { idOf, inHouse, oneAddress } from '../faults/server/house.ts';
import { isOk } from '../faults/sick-backend.ts';
import { median } from '../table.ts';

const rounds = 3;
const connections = 400;

/** slowhttptest's attacks on a bff in production profile, whose other clients should not notice. */
export const slowClients: readonly Row[] = [
  slow('slow headers', ['-H', '-i', '1']),
  slow('slow bodies', ['-B', '-i', '1', '-t', 'POST', '-f', 'application/json', '-s', '4096']),
  slow('slow reads', ['-X', '-w', '1', '-y', '16', '-n', '1', '-z', '5', '-k', '3'], 'crowd'),
];

function slow(what: string, options: readonly string[], reading?: 'crowd'): Row {
  return {
    name: `audits: slowhttptest, ${what}`,
    run: (scale) =>
      inHouse(async (house): Promise<readonly Figure[]> => {
        const bff = await house.bff({ limits: oneAddress });
        const variables = encodeURIComponent('{"salt":"1"}');
        const target = reading
          ? `${bff.url}?documentId=${idOf(reading)}&variables=${variables}`
          : bff.url;
        const load = new Load(bff.url);
        const forMs = Math.round(10_000 * scale);
        const measured = async () => {
          await pause(2_000); // until connections are made, or ended
          const from = performance.now();
          await pause(forMs);
          const outcomes = load.between(from, performance.now());
          const times = outcomes.map(({ tookMs }) => tookMs);
          return {
            p99: percentile(times, 0.99),
            bad: outcomes.filter((each) => !isOk(each)).length,
          };
        };
        load.start([{ name: 'item', perSecond: 150, body: item }]);
        const ratios: number[] = [];
        let bad = 0;
        try {
          for (let round = 0; round < rounds; round += 1) {
            const calm = await measured();
            if (calm.bad > 0) throw new TooBusy(`${calm.bad} requests failed without an attack`);
            const seconds = Math.ceil((forMs + 3_000) / 1_000);
            const attack = slowhttptest(target, seconds, options);
            if (!(await attack.started)) {
              return [skipped('p99 of the others', 'install slowhttptest to see it')];
            }
            const attacked = await measured();
            await attack.ended;
            ratios.push(attacked.p99 / calm.p99);
            bad += attacked.bad;
          }
        } finally {
          await load.close();
        }
        return [
          atMost('p99 of the others over that without it', median(ratios), 1.2, '×'),
          atMost('failed of the others', bad, 0),
          shown('by round', ratios.map((ratio) => `${ratio.toFixed(2)}×`).join(', ')),
        ];
      }),
  };
}

function item(count: number) {
  return { documentId: idOf('item'), variables: { id: String(count) } };
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
