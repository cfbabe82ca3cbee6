import { connect } from 'node:net';
import { atMost, type Figure, pause, type Row, shown } from '../row.ts';
import { secretOfBackend } from './bad-answers.ts';
import { createApp, isGood, poolOf } from './client.ts';
import { hostileRequests } from './hostile-requests.ts';
import { type House, inHouse, oneAddress, type RunningBff } from './house.ts';

const atOnce = 16;
/** Longer than a call may take. */
const idleMs = 1_300;

/** As production is by default, and with any operation let in, so that what stands behind is seen too. */
export const hostileRow: Row = {
  name: 'hostile bodies, documents, tokens, headers and upstream answers',
  run: (scale) =>
    inHouse(async (house) => {
      const figures: Figure[] = [];
      for (const [persisted, words] of [
        ['on', 'by default'],
        ['off', 'with any operation let in'],
      ] as const) {
        const bff = await house.bff({ limits: oneAddress, env: { PERSISTED_ONLY: persisted } });
        figures.push(...(await attacked(house, bff, words, Math.max(1, Math.round(2 * scale)))));
        await bff.stop();
      }
      return figures;
    }),
};

async function attacked(
  house: House,
  bff: RunningBff,
  words: string,
  times: number,
): Promise<readonly Figure[]> {
  const [token = ''] = await house.tokens(['ann']);
  const requests = hostileRequests(token);
  const faults: string[] = [];
  let answered = 0;
  const attack = async (): Promise<void> => {
    for (let time = 0; time < times && bff.lives(); time += 1) {
      await each(requests, async (request) => {
        const text = await send(bff.port, request.bytes);
        if (text !== '') answered += 1;
        for (const fault of faultsOf(text)) {
          faults.push(
            `${fault} for a ${request.what}: ${request.bytes.toString('latin1', 0, 200)}`,
          );
        }
      });
    }
  };
  const serves = async (): Promise<boolean> => {
    const pool = poolOf(bff.url, 16);
    const app = createApp({ url: bff.url, pool, token, address: '10.0.0.1' });
    const replies = await Promise.all(
      Array.from({ length: 400 }, (_, index) =>
        app.ask('post', { name: 'everything', variables: { id: String(index) } }),
      ),
    );
    await app.close();
    await pool.destroy();
    return replies.every(isGood);
  };
  await serves();
  const { before, warmed } = await plateau(bff, async () => {
    await attack();
    await serves();
  });
  await attack();
  const lives = bff.lives();
  const isServing = lives && (await serves());
  const after = lives ? await settled(bff) : Number.POSITIVE_INFINITY;
  return [
    atMost(`crashes, ${words}`, lives ? 0 : 1, 0),
    atMost('refused or failed friends afterwards', isServing ? 0 : 1, 0),
    atMost(
      `5xx and answers that tell of stacks, paths and hosts, of ${answered}`,
      faults.length,
      0,
    ),
    ...(faults.length > 0 ? [shown('such as', [...new Set(faults)].slice(0, 3).join(' | '))] : []),
    atMost(`resident memory over before, ${words}`, (after / before - 1) * 100, 10, '%'),
    shown(
      'resident memory before',
      `${(before / 1024 / 1024).toFixed(0)} MiB, after ${warmed} rounds`,
    ),
  ];
}

/**
 * Resident memory once it has stopped to grow: what is kept for good, such as compiled code and the
 * heap's room, is there when a round adds less than 2%, or after six. What leaks goes on to grow through
 * the round that counts, which is no other.
 */
async function plateau(
  bff: RunningBff,
  round: () => Promise<void>,
): Promise<{ readonly before: number; readonly warmed: number }> {
  let before = Number.POSITIVE_INFINITY;
  for (let warmed = 1; ; warmed += 1) {
    await round();
    const now = await settled(bff);
    if (warmed === mostWarmings || Math.abs(now / before - 1) < 0.02) {
      return { before: now, warmed };
    }
    before = now;
  }
}

const mostWarmings = 6;

/** Resident memory once connections are closed and what they held is given back. */
async function settled(bff: RunningBff): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 4; look += 1) {
    await pause(500);
    least = Math.min(least, await bff.residentBytes());
  }
  return least;
}

/** What comes back over a connection of its own, until it is closed or silent. */
function send(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}

function faultsOf(text: string): string[] {
  const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
  const told = tells.exec(text)?.[0];
  return [
    ...statuses.filter((status) => status >= 500).map((status) => `status ${status}`),
    ...(told === undefined ? [] : [`"${told}"`]),
  ];
}

const tells = new RegExp(
  String.raw`node_modules|\bat [\w.<>]+ \(|\.[cm]?[jt]s:\d|127\.0\.0\.1|localhost|/(?:home|srv|tmp|src)/|\bE[A-Z]{5,}\b|root:|${secretOfBackend.replaceAll('.', String.raw`\.`)}`,
);

async function each<Value>(
  values: readonly Value[],
  run: (value: Value) => Promise<void>,
): Promise<void> {
  const left = values.values();
  const worker = async (): Promise<void> => {
    for (const value of left) await run(value);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
