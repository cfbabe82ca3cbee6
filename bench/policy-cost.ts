/**
 * What the default policy costs a request, and what each control does: `node bench/policy-cost.ts`.
 *
 * The posts query (100 posts, 10 users, two calls, upstream asked every time) of 32 clients to bffs in
 * production profile: with everything, with one control off, with all of them off. CPU time of the
 * server's process, which other programs hardly change; in turns, medians. Retries include their
 * budget; the policy toward backends is the whole chain of breaker, bulkhead, retries and ejection.
 * `--rounds 25 --requests 320`: short turns, so that what else the machine does counts for all alike.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { type Control, controls } from './policy/controls.ts';
import { freePort } from './processes.ts';
import { alignTable, median } from './table.ts';
import { postsQuery } from './work/posts-queries.ts';

interface Contestant {
  readonly name: string;
  readonly child: ChildProcess;
  readonly pool: Pool;
  readonly token: string | null;
  readonly costs: number[];
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '25' },
    requests: { type: 'string', default: '320' },
  },
});
const rounds = Number(values.rounds);
const requests = Number(values.requests);
const clients = 32;
const warmUpRequests = 3_000;
const promisedRatio = 1.15;
const requestBody = JSON.stringify({ query: postsQuery });

const children: ChildProcess[] = [];
try {
  await run();
} finally {
  for (const child of children) child.kill('SIGKILL');
}

async function run(): Promise<void> {
  const port = await freePort();
  started('./upstream/posts.ts', { PORT: String(port) });
  const provider = started('./faults/server/upstream.ts', {});
  const { providerPort } = await message<{ providerPort: number }>(provider);
  provider.send({ order: 'tokens', subjects: ['reader'] });
  const { done: tokens } = await message<{ done: string[] }>(provider);
  const contestant = async (name: string, off: readonly Control[]): Promise<Contestant> => {
    const child = started('./policy/server.ts', {
      UPSTREAM: `http://127.0.0.1:${port}`,
      OIDC_ISSUER: `http://127.0.0.1:${providerPort}`,
      OIDC_CLIENT_SECRET: 'of the benchmark',
      OFF: JSON.stringify(off),
    });
    const { url } = await message<{ url: string }>(child);
    const pool = new Pool(new URL(url).origin, { connections: clients });
    const token = off.includes('identity') ? null : tokens[0]!;
    return { name, child, pool, token, costs: [] };
  };
  const everything = await contestant('everything on', []);
  const nothing = await contestant('everything off', controls);
  const singles: Contestant[] = [];
  for (const control of controls) singles.push(await contestant(`without ${control}`, [control]));
  const all = [everything, nothing, ...singles];
  for (const each of all) await costOf(each, warmUpRequests); // while code is compiled
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < all.length; turn += 1) {
      const each = all[(turn + round) % all.length]!; // nobody always follows the same neighbour
      each.costs.push(await costOf(each, requests));
    }
  }
  /** Of neighbours in time, round by round: noise changes that least. */
  const ratioOf = (each: Contestant, to: Contestant): number =>
    median(each.costs.map((cost, round) => cost / to.costs[round]!));
  const lines = all.map((each) => [
    each.name,
    median(each.costs).toFixed(0),
    `${ratioOf(each, nothing).toFixed(3)}×`,
    `${ratioOf(each, everything).toFixed(3)}×`,
  ]);
  const head = ['', 'CPU µs a request', 'over everything off', 'over everything on'];
  const ratio = ratioOf(everything, nothing);
  const verdict = ratio <= promisedRatio ? 'holds' : 'BROKEN';
  process.stdout.write(`${alignTable([head, ...lines]).join('\n')}\n\n`);
  process.stdout.write(
    `${verdict}: everything on costs ${ratio.toFixed(3)}× of everything off (at most ${promisedRatio}×)\n`,
  );
  await Promise.all(all.map(({ pool }) => pool.destroy()));
  process.exitCode = verdict === 'holds' ? 0 : 1;
}

/** CPU time of a request, in microseconds. */
async function costOf({ child, pool, token }: Contestant, count: number): Promise<number> {
  const before = await cpuUs(child);
  const client = async (): Promise<void> => {
    for (let sent = 0; sent < count / clients; sent += 1) {
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: '/graphql',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          ...(token !== null && { authorization: `Bearer ${token}` }),
        },
        body: requestBody,
      });
      const text = await body.text();
      if (statusCode !== 200 || text.includes('"errors"')) throw new Error(text.slice(0, 300));
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return ((await cpuUs(child)) - before) / (Math.ceil(count / clients) * clients);
}

async function cpuUs(child: ChildProcess): Promise<number> {
  child.send('cpu');
  return (await message<{ cpuUs: number }>(child)).cpuUs;
}

function started(file: string, env: Readonly<Record<string, string>>): ChildProcess {
  const child = fork(new URL(file, import.meta.url), {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  children.push(child);
  return child;
}

async function message<Value>(child: ChildProcess): Promise<Value> {
  const [sent] = await once(child, 'message');
  return sent as Value; // each program of this folder says what it sends
}
