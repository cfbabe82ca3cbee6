import { createServer } from 'tailorbird';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { mobile } from '../../bff-mobile/bff.ts';
import { web } from '../../bff-web/bff.ts';
import { startAirports } from '../../sandbox/airports/airports.ts';
import { startFlights } from '../../sandbox/flights/flights.ts';
import { openPublisher } from '../../sandbox/flights/publisher.ts';
import { installed, privateNats, privateRedis } from '../events/topics/private-brokers.ts';
import { grpcClient } from '../sandbox/grpc-client.ts';
import { tempDir } from '../sandbox/temp-dir.ts';
import { listLogger } from '../support/stub-server.ts';

const dir = tempDir();
afterAll(() => dir[Symbol.dispose]());

async function stage(broker: Readonly<Record<string, string>> = {}) {
  const publisher = await openPublisher(broker);
  const flights = await startFlights({ dataDir: dir.path, publisher, watchSpeed: 9_000 });
  onTestFinished(() => flights.close());
  const airports = await startAirports({ dataDir: dir.path });
  onTestFinished(() => airports.close());
  const settings = { ...broker, FLIGHTS_URL: flights.url, AIRPORTS_URL: airports.url };
  const logger = listLogger([]);
  const servers = [web, mobile].map((bff) => createServer(bff, { settings, logger }));
  onTestFinished(async () => void (await Promise.all(servers.map((server) => server.close()))));
  const urls = await Promise.all(servers.map(async (server) => (await server.listen()).url));
  return { flights, servers, urls };
}

async function ask(url: string, query: string) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return ((await response.json()) as { data: Record<string, unknown> }).data;
}

/** The first events' data, as they come. */
async function* events(url: string, query: string) {
  const controller = new AbortController();
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query }),
    signal: controller.signal,
  });
  let text = '';
  try {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const data = /^data: (.+)$/m.exec(text.slice(0, end))?.[1];
        text = text.slice(end + 2);
        if (data !== undefined) yield (JSON.parse(data) as { data: Record<string, unknown> }).data;
      }
    }
  } finally {
    controller.abort();
  }
}

describe.each([
  ['in one process', true, async () => null],
  ['over Redis', installed('redis-server'), privateRedis],
  ['over NATS', installed('nats-server'), privateNats],
] as const)('what happens to flights, %s', (name, isThere, start) => {
  test.skipIf(!isThere)(
    'reaches both clients, and drops what it made stale',
    { timeout: 30_000 },
    async () => {
      const broker = await start();
      onTestFinished(() => broker?.remove());
      const variable = name === 'over Redis' ? 'REDIS_URL' : 'NATS_URL';
      const { flights, urls } = await stage(broker ? { [variable]: broker.url } : {});
      const client = grpcClient(flights.url, 'flights/flights.proto', 'flights.v1.Flights');
      onTestFinished(() => client.close());
      const [webUrl = '', mobileUrl = ''] = urls;
      const id = '19000';
      const { flight } = (await ask(webUrl, `{ flight(id: ${id}) { origin { iata } gate } }`)) as {
        flight: { origin: { iata: string } };
      };
      const stale = `{ flight(id: ${id}) { gate delayMinutes } airport(iata: "${flight.origin.iata}") { delays { meanDelayMinutes } } }`;
      const before = (await ask(mobileUrl, stale)) as {
        flight: { delayMinutes: number };
        airport: object;
      };
      const delayMinutes = before.flight.delayMinutes + 500;
      const gate = `Z${1 + (Date.now() % 90)}`;

      const told = urls.map((url) =>
        events(url, `subscription { flightUpdated(id: ${id}) { id gate delayMinutes } }`),
      );
      const first = told.map((stream) => stream.next());
      // Both have to be heard first; changing a gate again and again is nothing to be told of.
      const change = async () => {
        for (let turn = 0; ; turn += 1) {
          await client.call('UpdateFlight', { id, gate: `${gate}${'AB'[turn % 2]}` });
          const late = new Promise((resolve) => setTimeout(resolve, 200, 'late'));
          if ((await Promise.race([Promise.all(first), late])) !== 'late') return;
          if (turn > 20) throw new Error('nobody heard of the gate');
        }
      };
      await change();
      for (const step of await Promise.all(first)) {
        expect(step.value).toMatchObject({
          flightUpdated: { id, gate: expect.stringContaining(gate) },
        });
      }
      await client.call('UpdateFlight', { id, gate: `${gate}C`, delayMinutes });
      for (const url of urls) {
        await expect
          .poll(() => ask(url, stale), { timeout: 1_000, interval: 5 })
          .toMatchObject({ flight: { gate: `${gate}C`, delayMinutes } });
      }
      const after = await ask(mobileUrl, stale);
      expect(after['airport']).not.toEqual(before.airport);
      await Promise.all(told.map((stream) => stream.return(undefined)));
    },
  );

  test.skipIf(!isThere)('departures come at once, and then as they happen', async () => {
    const broker = await start();
    onTestFinished(() => broker?.remove());
    const variable = name === 'over Redis' ? 'REDIS_URL' : 'NATS_URL';
    const { urls } = await stage(broker ? { [variable]: broker.url } : {});
    for (const url of urls) {
      const stream = events(url, 'subscription { departures(iata: "ATL") { id origin { iata } } }');
      const seen: unknown[] = [];
      for await (const { departures } of stream) {
        seen.push(departures);
        if (seen.length === 2) break;
      }
      expect(seen).toEqual([1, 2].map(() => ({ id: expect.any(String), origin: { iata: 'ATL' } })));
      expect(seen[0]).not.toEqual(seen[1]);
    }
  });
});
