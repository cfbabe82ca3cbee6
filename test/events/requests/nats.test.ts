import { connect } from '@nats-io/transport-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { natsRequests } from '../../../src/events/requests/nats.ts';
import { installed, privateNats } from '../topics/private-brokers.ts';

const subject = 'scales.requests';

/** Replies to each request, and says which there were. */
async function replier(url: string) {
  const taken: string[] = [];
  const connection = await connect({ servers: new URL(url).host });
  connection.subscribe(subject, {
    callback: (_, message) => {
      taken.push(message.string());
      message.respond(`to ${message.string()}`);
    },
  });
  await connection.flush();
  return { taken, close: () => connection.close() };
}

describe.runIf(installed('nats-server'))('requests over NATS', () => {
  it('are answered again once a killed server is back, and none of the time between comes late', async () => {
    const server = await privateNats();
    onTestFinished(() => server.remove());
    const requests = natsRequests(new URL(`${server.url}/${subject}`));
    onTestFinished(() => requests.close());
    const before = await replier(server.url);
    expect(await requests.send('before', 1_000)).toBe('to before');

    await server.kill();
    await before.close();
    await expect(requests.send('while it is away', 100)).rejects.toBeInstanceOf(Error);
    await server.start();
    const after = await replier(server.url);
    onTestFinished(() => after.close());
    await expect
      .poll(() => requests.send('after', 500).catch(() => null), { timeout: 5_000 })
      .toBe('to after');
    expect(new Set(after.taken)).toEqual(new Set(['after']));
  });

  it('that nobody listens to have not been sent', async () => {
    const server = await privateNats();
    onTestFinished(() => server.remove());
    const requests = natsRequests(new URL(`${server.url}/${subject}`));
    onTestFinished(() => requests.close());
    const startedAt = performance.now();
    await expect(requests.send('a', 1_000)).rejects.toMatchObject({ name: 'UnsentRequest' });
    expect(performance.now() - startedAt).toBeLessThan(500); // it is told, not waited for
  });
});
