import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const main = fileURLToPath(new URL('stub-main.ts', import.meta.url));

interface Run {
  readonly child: ChildProcess;
  readonly printed: { out: string; err: string };
  readonly exit: Promise<number | null>;
}

function start(env: Record<string, string> = {}, args: string[] = [], ipc = false): Run {
  const child = spawn(process.execPath, [main, ...args], {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
  });
  const printed = { out: '', err: '' };
  child.stdout?.on('data', (data) => {
    printed.out += data;
  });
  child.stderr?.on('data', (data) => {
    printed.err += data;
  });
  const exit = once(child, 'close').then(([code]) => code as number | null);
  return { child, printed, exit };
}

async function ready({ child, printed }: Run): Promise<string> {
  for (;;) {
    const url = /http:\/\/[^\s"]+\/graphql/.exec(printed.out)?.[0];
    if (url) return url;
    await once(child.stdout as NodeJS.ReadableStream, 'data');
  }
}

describe('a bff as a process', () => {
  test('says where it answers, answers, and ends with 0 on SIGTERM', async () => {
    const run = start();
    const url = await ready(run);
    expect(run.printed.out).toMatch(
      /^stub answers at http:\/\/127\.0\.0\.1:\d+\/graphql \(health at http:\/\/127\.0\.0\.1:\d+\/readyz\)\n$/,
    );
    const answer = await fetch(`${url}?query={hello}`);
    expect(await answer.json()).toEqual({ data: { hello: 'hello world' } });
    run.child.kill('SIGTERM');
    expect(await run.exit).toBe(0);
    expect(run.printed.err).toBe('');
  });

  test('ends when the parent that started it is gone', async () => {
    const run = start({}, [], true);
    await ready(run);
    const exit = once(run.child, 'exit');
    run.child.disconnect();
    expect((await exit)[0]).toBe(1);
  });

  test('logs JSON in production', async () => {
    const run = start({ NODE_ENV: 'production' });
    await ready(run);
    expect(JSON.parse(run.printed.out.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
      level: 'info',
      msg: 'ready',
      bff: 'stub',
    });
    run.child.kill('SIGINT');
    run.child.kill('SIGTERM');
    await run.exit;
  });

  test('lists its settings', async () => {
    const run = start({}, ['--help']);
    expect(await run.exit).toBe(0);
    for (const name of ['PORT', 'ADMIN_PORT', 'LOG_LEVEL', 'NODE_ENV', 'FLIGHTS_URL']) {
      expect(run.printed.out).toMatch(new RegExp(`^  ${name} +\\S`, 'm'));
    }
  });

  test('reports every malformed setting at once, in at most six lines', async () => {
    const run = start({
      PORT: '70000',
      ADMIN_PORT: 'x',
      LOG_LEVEL: 'inf',
      NODE_ENV: 'prod',
      FLIGHTS_URL: 'nowhere',
    });
    expect(await run.exit).toBe(1);
    const lines = run.printed.err.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(6);
    for (const name of ['PORT', 'ADMIN_PORT', 'LOG_LEVEL', 'NODE_ENV', 'FLIGHTS_URL']) {
      expect(run.printed.err).toContain(name);
    }
    expect(run.printed.err).toContain('did you mean "info"?');
    expect(run.printed.err).not.toMatch(/^\s+at /m);
  });

  test('a port in use is one line and exit code 1', async () => {
    const first = start();
    const { port } = new URL(await ready(first));
    const second = start({ PORT: port });
    expect(await second.exit).toBe(1);
    expect(second.printed.err).toBe(
      `port ${port} is in use; set PORT to another, or stop what listens there\n`,
    );
    first.child.kill('SIGTERM');
    await first.exit;
  });

  test('an argument it does not know is bad usage', async () => {
    const run = start({}, ['--port']);
    expect(await run.exit).toBe(2);
    expect(run.printed.err).toContain('--help');
  });

  test.each([
    ['FLIGHT_URL', 'FLIGHTS_URL'],
    ['FLIGHTS_ULR', 'FLIGHTS_URL'],
    ['PROT', 'PORT'],
  ])('%s is taken for a slip of %s', async (given, meant) => {
    const run = start({ [given]: 'x' });
    expect(await run.exit).toBe(1);
    expect(run.printed.err).toBe(`${given} is set, but nothing reads it; did you mean ${meant}?\n`);
  });

  test('a variable of somebody else is none of its business', async () => {
    const run = start({ REPORT: 'x', FLIGHTS_URL_OLD: 'y' });
    await ready(run);
    run.child.kill('SIGTERM');
    expect(await run.exit).toBe(0);
  });
});
