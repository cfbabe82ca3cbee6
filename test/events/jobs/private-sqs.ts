import { type ChildProcess, spawn } from 'node:child_process';
import { tempDir } from '../../sandbox/temp-dir.ts';
import { connects, freePort } from '../topics/private-brokers.ts';

/**
 * An SQS on this machine that keeps its messages in a file. Gives this process the credentials that
 * the SDK asks for.
 */
export async function privateSqs() {
  process.env['AWS_ACCESS_KEY_ID'] = 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
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
  const start = async () => {
    server = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: 'ignore',
      cwd: import.meta.dirname,
    });
    while (!(await connects(port))) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await start();
  return {
    url: `http://127.0.0.1:${port}`,
    start,
    kill,
    async remove() {
      await kill();
      dir[Symbol.dispose]();
    },
  };
}
