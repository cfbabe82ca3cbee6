import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { web } from '../../../bff-web/bff.ts';
import { startBookings } from '../../../sandbox/bookings/bookings.ts';
import { createServer } from 'tailorbird';
import { createLogger } from '../../../src/server/log.ts';
import { tempDir } from '../../sandbox/temp-dir.ts';
import { ask } from '../../example/example.ts';

it('does in a process of its own what the bff only takes on', { timeout: 40_000 }, async () => {
  const dir = tempDir();
  const bookings = await startBookings({ dataDir: join(dir.path, 'bookings') });
  const settings = { BOOKINGS_URL: bookings.url };
  const front = createServer(web, {
    settings,
    dataDir: dir.path,
    worker: false,
    logger: createLogger({ environment: 'production', level: 'silent' }),
    viewer: () => ({ subject: 'ada', scopes: ['bookings.write'] }),
  });
  await front.listen();
  const worker = startWorker({ ...settings, DATA_DIR: dir.path, ADMIN_PORT: '0' });
  onTestFinished(async () => {
    worker.kill('SIGKILL');
    await front.close();
    await bookings.close();
    dir[Symbol.dispose]();
  });
  const { data, errors } = await ask(
    front,
    'mutation { bookFlightLater(input: { flightId: "18", seat: "9A" }) { id } }',
  );
  expect(errors).toBeUndefined();
  const { id } = data!['bookFlightLater'] as unknown as { id: string };
  await expect
    .poll(async () => (await ask(front, `{ job(id: "${id}") { status } }`)).data, {
      timeout: 30_000,
      interval: 200,
    })
    .toMatchObject({ job: { status: 'SUCCEEDED' } });
  const exit = once(worker, 'exit');
  worker.kill('SIGTERM');
  expect((await exit)[0]).toBe(0);
});

function startWorker(environment: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, 'worker-main.ts'), '--worker'], {
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      ...environment,
    },
  });
}
