import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { mobile } from '../../bff-mobile/bff.ts';
import { web } from '../../bff-web/bff.ts';
import { createServer, type Transport } from 'tailorbird';
import { createLogger } from '../../src/server/log.ts';
import { hasChromium, openExplorer } from '../support/explorer-page.ts';
import { attributesOf, startCollector } from '../telemetry/collector.ts';
import { serve, startExample } from './example.ts';

let example: Awaited<ReturnType<typeof startExample>>;
beforeAll(async () => {
  example = await startExample();
});
afterAll(() => example.close());

interface Drawn {
  readonly durationMs: number;
  readonly answer?: string;
  readonly calls: readonly {
    readonly backend: string;
    readonly operation: string;
    readonly startMs: number;
    readonly durationMs: number;
    readonly batchSize?: number;
    readonly outcome: string;
    readonly bytes: number;
    readonly attempts: number;
    readonly attemptsMs: readonly number[];
  }[];
  readonly batches: readonly { readonly keys: number; readonly asked: number }[];
}

const board =
  '{ airport(iata: "ATL") { departures(first: 10) { nodes { destination { city } } } } }';

function draw(server: ReturnType<typeof serve>, query: string, headers: object = {}) {
  return server
    .fetch(
      new Request('http://bff/graphql', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-tailorbird-waterfall': '1',
          ...headers,
        },
        body: JSON.stringify({ query }),
      }),
    )
    .then((response) => response.json())
    .then((answer): Drawn => answer.extensions.tailorbird);
}

describe('the waterfall of an operation', () => {
  it('says what was asked when, for how many keys, and what was at hand the next time', async () => {
    const server = serve(web, example.settings);
    const first = await draw(server, board);
    expect(first.calls.map(({ backend }) => backend)).toEqual(['airports', 'flights', 'airports']);
    expect(first.calls.every(({ outcome, attempts }) => outcome === 'ok' && attempts === 1)).toBe(
      true,
    );
    const [airport, flights, destinations] = first.calls;
    expect(flights!.startMs).toBeGreaterThanOrEqual(airport!.startMs);
    expect(destinations!.startMs).toBeGreaterThanOrEqual(flights!.startMs + flights!.durationMs);
    expect(destinations!.batchSize).toBeGreaterThan(1);
    for (const { bytes, attemptsMs, startMs } of first.calls) {
      expect(bytes).toBeGreaterThan(0);
      expect(attemptsMs[0]).toBeGreaterThanOrEqual(startMs);
    }
    const again = await draw(server, board.replace('{ city }', '{ city name }'));
    expect(again.calls).toEqual([]);
    expect(again.batches.some(({ keys }) => keys > 1)).toBe(true);
    expect(again.batches.reduce((sum, { asked }) => sum + asked, 0)).toBe(0);
    await server.close();
  });

  it('shows a failed call with its code', async () => {
    const down: Transport = {
      call: () => Promise.reject(new Error('not reached')),
      close: async () => {},
    };
    const server = createServer(mobile, {
      settings: example.settings,
      backends: { flights: down },
      logger: createLogger({ environment: 'production', level: 'silent' }),
    });
    const { calls } = await draw(server, '{ flight(id: "1") { distanceMiles } }');
    expect(calls).toMatchObject([{ backend: 'flights', outcome: 'INTERNAL_SERVER_ERROR' }]);
    await server.close();
  });
});

describe('a trace', () => {
  it('goes on to REST and gRPC backends, each call under a span of its own', async () => {
    await using collector = await startCollector();
    const sent: string[] = [];
    const server = createServer(web, {
      settings: example.settings,
      logger: createLogger({ environment: 'production', level: 'silent' }),
      traces: { otlpEndpoint: collector.url },
      backends: {
        airports: {
          call: async (call) => {
            sent.push(String(call.headers['traceparent']), String(call.headers['tracestate']));
            return { value: { items: [] }, headers: {}, bytes: 12 };
          },
          close: async () => {},
        },
      },
    });
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    await draw(server, '{ airport(iata: "ATL") { name } flight(id: "1") { distanceMiles } }', {
      traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
      tracestate: 'vendor=1',
    });
    await server.close();
    const spans = collector.spans;
    expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
    const airports = spans.find((span) => attributesOf(span)['tailorbird.backend'] === 'airports');
    const flights = spans.find((span) => attributesOf(span)['rpc.system'] === 'grpc');
    const execution = spans.find(({ name }) => name === 'execute');
    expect(sent).toEqual([`00-${traceId}-${airports?.spanId}-01`, 'vendor=1']);
    expect(flights?.parentSpanId).toBe(execution?.spanId);
  });
});

describe.runIf(hasChromium)('the explorer', { timeout: 30_000 }, () => {
  it.each(['light', 'dark'] as const)('draws the backend calls, %s', async (theme) => {
    const server = serve(web, example.settings);
    const { url } = await server.listen();
    {
      await using explorer = await openExplorer(url);
      const { page } = explorer;
      await page.emulateMedia({ colorScheme: theme });
      await page.getByRole('button', { name: 'Show Backend calls' }).click();
      const panel = page.getByRole('region', { name: 'Backend calls' });
      await panel.getByText('Run an operation').waitFor();

      await explorer.openTab('AirportPage');
      await explorer.run();
      const calls = panel.locator('.waterfall-call');
      await calls.first().waitFor();
      expect(await calls.count()).toBeGreaterThan(2);
      expect(await panel.locator('.waterfall-name').innerText()).toBe('AirportPage');
      await panel.getByText('Batches and caches').waitFor();
      await calls.first().locator('summary').click();
      await calls.first().getByText('began').waitFor();
      expect(await explorer.answer.innerText()).not.toContain('tailorbird');
      await explorer.screenshot(`waterfall-${theme}`);

      // A departure in between drops what was kept of its airport.
      await vi.waitFor(
        async () => {
          await explorer.run();
          await panel.getByText('No backend was asked.').waitFor({ timeout: 1_500 });
        },
        { timeout: 15_000 },
      );
      await explorer.screenshot(`waterfall-kept-${theme}`);

      await explorer.openTab('Departures');
      await explorer.run();
      await panel.getByText(/event \d+ of \d+/).waitFor();
      await panel.getByRole('button', { name: 'Earlier event' }).click();
      await explorer.screenshot(`waterfall-events-${theme}`);

      await explorer.openTab('DeferredPage');
      await explorer.run();
      await panel.locator('.waterfall-name', { hasText: 'DeferredPage' }).waitFor();
      await panel.getByText('at hand').first().waitFor();
      await explorer.screenshot(`waterfall-deferred-${theme}`);
      expect(explorer.problems).toEqual([]);
    }
    await server.close();
  });
});
