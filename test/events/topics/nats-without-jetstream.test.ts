import { spawn } from 'node:child_process';
import { expect, it, onTestFinished } from 'vitest';
import { createNatsBroker } from '../../../src/events/topics/brokers/nats.ts';
import { connects, freePort, installed } from './private-brokers.ts';

it.runIf(installed('nats-server'))(
  'a server without JetStream is told, and does not gather connections that are of no use',
  async () => {
    const [port, monitorPort] = [await freePort(), await freePort()];
    const server = spawn(
      'nats-server',
      ['-a', '127.0.0.1', '-p', `${port}`, '-m', `${monitorPort}`],
      {
        stdio: 'ignore',
      },
    );
    onTestFinished(() => void server.kill('SIGKILL'));
    await expect.poll(() => connects(monitorPort), { timeout: 5_000 }).toBe(true);
    await expect.poll(() => connects(port), { timeout: 5_000 }).toBe(true);
    const lines: string[] = [];
    const url = `nats://127.0.0.1:${port}`;
    const broker = createNatsBroker({ url, log: (line) => lines.push(line) });
    onTestFinished(() => broker.close());
    const monitored = async () => {
      const answer = await fetch(`http://127.0.0.1:${monitorPort}/varz`);
      return (await answer.json()) as { connections: number; total_connections: number };
    };
    // One that was looked at, and three that were tried.
    await expect
      .poll(async () => (await monitored()).total_connections, { timeout: 10_000 })
      .toBeGreaterThanOrEqual(4);
    expect((await monitored()).connections).toBeLessThanOrEqual(1);
    expect(lines).toEqual([expect.stringContaining('jetstream is not enabled')]);
  },
);
