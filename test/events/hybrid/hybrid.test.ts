import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createServer } from '../../../src/index.ts';
import { listLogger } from '../../support/stub-server.ts';
import { deleteQueues, rabbitmqAnswers, rabbitmqUrl } from '../running-rabbitmq.ts';
import { installed, privateNats } from '../topics/private-brokers.ts';
import { bridge } from './bridge.ts';
import { parcels } from './parcels.ts';

const idsIn = (path: string) =>
  new URL(path, 'http://parcels').searchParams.getAll('ids').flatMap((text) => text.split(','));

/** A region of the cloud: says which one it is. */
async function region(name: string) {
  let asked = 0;
  const server = createHttpServer((request, response) => {
    asked += 1;
    const items = idsIn(request.url ?? '').map((id) => ({ id, city: `${name} ${id}` }));
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ items }));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  onTestFinished(stop);
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop, asked: () => asked };
}

const requestsQueue = `scales.requests.${randomUUID()}`;
const runningRabbitmq = async () => ({
  url: rabbitmqUrl,
  remove: () => deleteQueues([requestsQueue]),
});

describe.each([
  ['NATS', installed('nats-server'), privateNats],
  ['RabbitMQ', await rabbitmqAnswers(), runningRabbitmq],
] as const)('on premises behind %s, and in two regions of a cloud', (_, isThere, start) => {
  it.skipIf(!isThere)('one type is joined of both', { timeout: 60_000 }, async () => {
    const broker = await start();
    onTestFinished(() => broker.remove());
    const queue = `${broker.url}/${requestsQueue}`;
    const [east, west] = [await region('east'), await region('west')];
    const requests: string[] = [];
    const answer = ({ path }: { readonly path: string }) => {
      requests.push(path);
      if (path.includes('heavy')) return { status: 422, body: { title: 'too heavy' } };
      return {
        status: 200,
        body: { items: idsIn(path).map((id) => ({ id, grams: Number(id) * 100 })) },
      };
    };
    const onPremises = await bridge(queue, answer);
    const server = createServer(parcels, {
      settings: {
        SCALES_URL: queue,
        TRACKING_URL: `${east.url};priority=0,${west.url};priority=1`,
      },
      logger: listLogger([]),
    });
    onTestFinished(() => server.close());
    const ask = async (ids = '1 2 3'.split(' ')) => {
      const response = await server.fetch(
        new Request('http://bff/graphql', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            query: `{ parcels(ids: ${JSON.stringify(ids)}) { id grams city } }`,
          }),
        }),
      );
      return (await response.json()) as {
        data: { parcels: { grams: number | null; city: string | null }[] };
        errors?: { extensions: { code: string; backend: string } }[];
      };
    };

    const both = (name: string) =>
      ['1', '2', '3'].map((id) => ({ id, grams: Number(id) * 100, city: `${name} ${id}` }));
    // The first call opens the connection to the queue.
    await expect.poll(async () => (await ask()).errors, { timeout: 5_000 }).toBeUndefined();
    requests.length = 0;
    expect(await ask()).toEqual({ data: { parcels: both('east') } });
    expect(requests).toEqual(['/parcels?ids=1,2,3']);

    const refused = await ask(['heavy']);
    expect(refused.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(refused.data.parcels[0]?.city).toBe('east heavy');

    east.stop();
    // A retry may find the budget for retries spent, until the region is ejected.
    const until = performance.now() + 5_000;
    for (let good = 0; good < 20; ) {
      const answer = await ask();
      good = answer.errors === undefined ? good + 1 : 0;
      if (good > 0) expect(answer).toEqual({ data: { parcels: both('west') } });
      expect(performance.now()).toBeLessThan(until);
    }

    await onPremises.close();
    const startedAt = performance.now();
    const apart = await ask();
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(apart.data.parcels.map(({ city }) => city)).toEqual(['west 1', 'west 2', 'west 3']);
    expect(apart.data.parcels.map(({ grams }) => grams)).toEqual([null, null, null]);
    expect(apart.errors?.[0]?.extensions).toMatchObject({
      code: expect.stringMatching(/^UPSTREAM_(UNAVAILABLE|TIMEOUT)$/),
      backend: 'scales',
    });

    const back = await bridge(queue, answer);
    onTestFinished(() => back.close());
    await expect
      .poll(() => ask(), { timeout: 15_000, interval: 200 })
      .toEqual({ data: { parcels: both('west') } });
  });
});
