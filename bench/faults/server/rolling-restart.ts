import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Load } from '../load.ts';
import { atMost, pause, type Row, shown, skipped, TooBusy } from '../row.ts';
import { freePort, type House, idOf, inHouse, oneAddress, type RunningBff } from './house.ts';
import { isOk } from '../sick-backend.ts';

const instances = 3;

/** Each instance in turn is told to stop, and started anew once it has ended. */
export const rollingRestart: Row = {
  name: 'SIGTERM in a rolling restart behind haproxy',
  run: (scale) =>
    inHouse(async (house) => {
      const bffs = await Promise.all(Array.from({ length: instances }, () => start(house)));
      const proxy = await startHaproxy(bffs);
      if (proxy === null) return [skipped('failed requests', 'install haproxy to see it')];
      const load = new Load(`http://127.0.0.1:${proxy.port}/graphql`);
      try {
        await house.slow(60);
        await pause(500);
        const calmFrom = performance.now();
        load.start([
          { name: 'kept', perSecond: 50, body: (count) => item(String(count % 50)) },
          { name: 'asked', perSecond: 50, body: (count) => item(`new-${count}`) },
        ]);
        await pause(4_000);
        const from = performance.now();
        // The first second is for compiling.
        const early = load.between(calmFrom + 1_000, from).filter((each) => !isOk(each));
        if (early.length > 0)
          throw new TooBusy(`${early.length} requests failed before any restart`);
        const restarts = Math.max(1, Math.round(instances * scale));
        const codes: (number | null)[] = [];
        let longestMs = 0;
        for (const { port, adminPort, stop } of bffs.slice(0, restarts)) {
          const stoppedAt = performance.now();
          codes.push(await stop());
          longestMs = Math.max(longestMs, performance.now() - stoppedAt);
          await start(house, { port, adminPort });
          await pause(1_000);
        }
        await load.stop();
        const all = load.between(from, performance.now());
        const failed = all.filter((each) => !isOk(each));
        const kinds = [...new Set(failed.map(({ result, status }) => `${status} ${result}`))];
        return [
          atMost(`failed of ${all.length} requests`, failed.length, 0),
          ...(kinds.length > 0 ? [shown('they failed with', kinds.join('; '))] : []),
          atMost('instances that did not end by themselves', codes.filter(Boolean).length, 0),
          atMost('the longest drain', longestMs / 1_000, 30, ' s'),
        ];
      } finally {
        await load.close();
        proxy.close();
      }
    }),
};

function start(house: House, ports?: { port: number; adminPort: number }): Promise<RunningBff> {
  return house.bff({ limits: oneAddress, ...(ports && { ports }) });
}

function item(id: string) {
  return { documentId: idOf('item'), variables: { id } };
}

interface Haproxy {
  readonly port: number;
  close(): void;
}

/** A haproxy with a configuration of its own, in the foreground; null where none is installed. */
async function startHaproxy(bffs: readonly RunningBff[]): Promise<Haproxy | null> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'tailorbird-haproxy-'));
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, configuration(port, bffs));
  const child: ChildProcess = spawn('haproxy', ['-db', '-f', file], {
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const isThere = await new Promise((resolve) => {
    child.once('spawn', () => resolve(true));
    child.once('error', () => resolve(false));
  });
  const close = (): void => {
    child.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  };
  if (!isThere) {
    close();
    return null;
  }
  await pause(500);
  return { port, close };
}

/**
 * Readiness is asked on the admin port; nothing is sent twice but what never got a connection. A new
 * process gets less at first, while its code is compiled.
 */
function configuration(port: number, bffs: readonly RunningBff[]): string {
  const servers = bffs.map(
    ({ port: own, adminPort }, index) =>
      `  server bff${index} 127.0.0.1:${own} check port ${adminPort} inter 250ms fall 1 rise 1 slowstart 3s`,
  );
  return `global
  maxconn 2000
defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server 30s
  timeout check 2s
  retries 2
  option redispatch
frontend public
  bind 127.0.0.1:${port}
  default_backend bffs
backend bffs
  balance roundrobin
  option httpchk GET /readyz
${servers.join('\n')}
`;
}
