import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, it } from 'vitest';
import { listen } from '../../sandbox/service/listen.ts';
import { tempDir } from './temp-dir.ts';

const rootDir = join(import.meta.dirname, '../..');
const dir = tempDir();
afterAll(() => dir[Symbol.dispose]());

const anyPort = Object.fromEntries(
  ['AIRPORTS', 'FLIGHTS', 'BOOKINGS', 'TRAVELLERS', 'IDENTITY'].map((name) => [
    `${name}_PORT`,
    '0',
  ]),
);

/** Runs a script of the sandbox and collects what it prints. */
function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, args, {
    cwd: rootDir,
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      SANDBOX_DIR: dir.path,
      ...anyPort,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => lines.push(line));
  }
  const printed = (pattern: RegExp) =>
    expect.poll(() => lines.join('\n'), { timeout: 15_000 }).toMatch(pattern);
  return { child, lines, printed, ended: once(child, 'close') as Promise<[number | null]> };
}

/** The URL that `npm start` has printed for a part. */
function urlOf(lines: readonly string[], name: string): string {
  const line = lines.find((one) => one.startsWith(name) && one.includes('http://'));
  return line?.match(/http:\S+/)?.[0] ?? '';
}

const refuses = (url: string) =>
  expect
    .poll(
      () =>
        fetch(url).then(
          () => 'answers',
          () => 'refuses',
        ),
      { timeout: 5_000 },
    )
    .toBe('refuses');

describe('npm start', () => {
  it('brings all backends up without a warning, and down on Ctrl-C', async () => {
    const { child, lines, printed, ended } = run(['sandbox/start.ts', '--only', 'backends']);
    await printed(/Everything answers, after [\d.]+ s\. Ctrl-C stops it all\./);
    expect(lines.filter((line) => line !== '')).toHaveLength(6);
    expect(lines.join('\n')).not.toMatch(/warning/i);
    const url = urlOf(lines, 'airports');
    expect(await (await fetch(url)).json()).toMatchObject({ iata: 'ATL' });
    child.kill('SIGINT');
    expect((await ended)[0]).toBe(0);
    await refuses(url);
  });

  it('leaves nothing behind when it is killed', async () => {
    const { child, lines, printed, ended } = run([
      'sandbox/start.ts',
      '--only',
      'airports,travellers',
    ]);
    await printed(/Everything answers/);
    child.kill('SIGKILL');
    await ended;
    await refuses(urlOf(lines, 'airports'));
    await refuses(urlOf(lines, 'travellers'));
  });

  it('reports a backend that dies, and keeps the others', async () => {
    const { child, lines, printed, ended } = run([
      'sandbox/start.ts',
      '--only',
      'airports,travellers',
    ]);
    await printed(/Everything answers/);
    process.kill(pidOf(child, 'airports'), 'SIGKILL');
    const { port } = new URL(urlOf(lines, 'airports'));
    await printed(/airports +ended \(SIGKILL\); the others go on without it\./);
    expect(lines.at(-1)).toContain(
      ` To start it again: AIRPORTS_PORT=${port} npm start -- --only airports`,
    );
    expect((await fetch(urlOf(lines, 'travellers'))).status).toBe(401);
    child.kill('SIGTERM');
    expect((await ended)[0]).toBe(0);
  });

  it('names every port in use with the variable that changes it', async () => {
    const other = createServer();
    const port = String(await listen(other, 0));
    const env = { AIRPORTS_PORT: port, FLIGHTS_PORT: 'many', BOOKINGS_PORT: port };
    const { lines, ended } = run(['sandbox/start.ts', '--only', 'backends'], env);
    expect((await ended)[0]).toBe(1);
    expect(lines).toEqual([
      `airports: port ${port} is in use; set AIRPORTS_PORT to another (0 for any)`,
      'flights: FLIGHTS_PORT has to be a port from 0 to 65535, but is "many"',
      `bookings: port ${port} is in use; set BOOKINGS_PORT to another (0 for any)`,
    ]);
    other.close();
  });

  it('names the part that does not start, with its last lines, and stops', async () => {
    const { lines, ended } = run(['sandbox/start.ts', '--only', 'backends'], {
      WATCH_SPEED: 'fast',
    });
    expect((await ended)[0]).toBe(1);
    const at = lines.findIndex((line) => line.startsWith('flights '));
    // Another part may have its say before it is ended.
    expect(lines.slice(at, at + 2)).toEqual([
      'flights ended (exit code 1) before it answered',
      '  flights: WATCH_SPEED has to be a number above 0, such as 9000, but is "fast"',
    ]);
  });

  it.each([
    [['--only', 'airport'], '--only has "airport"; there are backends, bffs, identity'],
    [['--onlyy'], "Unknown option '--onlyy'"],
  ])('refuses %j', async (args, message) => {
    const { lines, ended } = run(['sandbox/start.ts', ...args]);
    expect((await ended)[0]).toBe(2);
    expect(lines.join('\n')).toContain(message);
  });

  it('explains itself', async () => {
    const { lines, ended } = run(['sandbox/start.ts', '--help']);
    expect((await ended)[0]).toBe(0);
    expect(lines.join('\n')).toMatch(/MOBILE_ADMIN_PORT \(9002\)/);
  });
});

describe('a backend by itself', () => {
  it.each(['airports', 'flights', 'bookings', 'travellers', 'identity'])(
    '%s prints one line and ends on SIGTERM',
    async (name) => {
      const { child, lines, printed, ended } = run([`sandbox/${name}/main.ts`], { PORT: '0' });
      await printed(/url/);
      const said = JSON.parse(lines[0] ?? '') as { calls: string };
      expect(said).toEqual({
        service: name,
        url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
        calls: expect.stringMatching(/__calls$/),
        pid: child.pid,
      });
      expect(await (await fetch(said.calls)).json()).toEqual({ total: 0, counts: {}, calls: [] });
      child.kill('SIGTERM');
      expect((await ended)[0]).toBe(0);
      expect(lines).toHaveLength(1);
    },
  );

  it('prints its calls when LOG_LEVEL is debug', async () => {
    const { child, lines, printed, ended } = run(['sandbox/travellers/main.ts'], {
      PORT: '0',
      LOG_LEVEL: 'debug',
    });
    await printed(/url/);
    await fetch(`${(JSON.parse(lines[0] ?? '') as { url: string }).url}/travellers?ids=ada`);
    await printed(/GET \/travellers/);
    child.kill('SIGINT');
    expect((await ended)[0]).toBe(0);
  });

  it.each(['airports', 'flights'])('%s says in one line that its port is in use', async (name) => {
    const other = createServer();
    const port = String(await listen(other, 0));
    const { lines, ended } = run([`sandbox/${name}/main.ts`], { PORT: port });
    expect((await ended)[0]).toBe(1);
    expect(lines).toEqual([`${name}: port ${port} is in use; set PORT to another (0 for any)`]);
    other.close();
  });
});

/** The process that `npm start` has started for a part, as Linux tells it. */
function pidOf(parent: ChildProcess, name: string): number {
  const children = readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8');
  const pid = children
    .trim()
    .split(' ')
    .find((one) =>
      readFileSync(`/proc/${one}/cmdline`, 'utf8').includes(`sandbox/${name}/main.ts`),
    );
  if (pid === undefined) throw new Error(`${name} does not run`);
  return Number(pid);
}
