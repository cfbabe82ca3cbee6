import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSqsQueue } from '../../../src/events/jobs/queues/sqs.ts';
import { tempDir } from '../../sandbox/temp-dir.ts';
import { connects, freePort } from '../topics/private-brokers.ts';
import { itSurvivesItsBroker, jobsSurviveTheirBroker } from './broker-queue.ts';
import { itIsAQueue } from './queue-contract.ts';

/** An SQS on this machine that keeps its messages in a file. */
async function privateSqs() {
  const port = await freePort();
  const dir = tempDir();
  const program = `import { startFauxqs } from 'fauxqs';
    await startFauxqs(${JSON.stringify({ port, host: '127.0.0.1', dataDir: dir.path, logger: false })});`;
  let server: ChildProcess | undefined;
  const kill = async () => {
    const gone = new Promise((resolve) => server?.once('exit', resolve));
    server?.kill('SIGKILL');
    await gone;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    async start() {
      server = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: 'ignore',
        cwd: import.meta.dirname,
      });
      while (!(await connects(port))) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    kill,
    async remove() {
      await kill();
      dir[Symbol.dispose]();
    },
  };
}

describe('the queue on SQS', () => {
  let broker: Awaited<ReturnType<typeof privateSqs>>;
  beforeAll(async () => {
    process.env['AWS_ACCESS_KEY_ID'] = 'test';
    process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
    broker = await privateSqs();
    await broker.start();
  });
  afterAll(() => broker?.remove());
  const open = () => createSqsQueue({ url: broker.url, log: () => {} });

  itIsAQueue(async () => open());
  itSurvivesItsBroker(() => broker, open);
  jobsSurviveTheirBroker(
    () => broker,
    () => ({ SQS_URL: broker.url }),
  );

  it('says so when nothing answers', async () => {
    const queue = createSqsQueue({ url: 'http://127.0.0.1:9', log: () => {} });
    await expect(queue.send('c', { id: 'm', body: '' })).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      backend: 'sqs',
    });
    await queue.close();
  });
});
