import { onTestFinished } from 'vitest';
import type { RestRequest } from '../../../src/backend/backend.ts';
import { fakeBackend } from '../../../src/backend/fake-backend.ts';
import type { LiveEvents } from '../../../src/events/live-events.ts';
import { createLiveEvents } from '../../../src/events/live-events.ts';
import type { CreateServerOptions } from '../../../src/index.ts';
import { createServer } from '../../../src/index.ts';
import { thingChanged, thingSeen, toy } from './toy-bff.ts';

/** A bff whose subscriptions hear the toy topics; what it warns of is in `lines`. */
export async function serve(options: Partial<CreateServerOptions> = {}) {
  const backend = fakeBackend({
    'GET /things': ({ query }: RestRequest) => ({
      items: (query['ids'] as string[]).map((id) => ({ id, value: `value of ${id}` })),
    }),
  });
  const lines: string[] = [];
  let events: LiveEvents | undefined;
  const note = (_: object, line: string) => void lines.push(line);
  const server = createServer(toy, {
    backends: { things: backend },
    settings: {},
    logger: { debug() {}, info() {}, warn: note, error: note },
    ...options,
    events: (host) => {
      events = createLiveEvents({
        definitions: { topics: [thingChanged, thingSeen], jobs: [], webhooks: [] },
        settings: {
          ...noQueues,
          NATS_URL: null,
          AMQP_URL: null,
          KAFKA_BROKERS: null,
          REDIS_URL: options.settings?.['REDIS_URL'] ?? null,
        },
        host,
      });
      return events;
    },
  });
  onTestFinished(() => server.close());
  const { url } = await server.listen();
  return { url, backend, lines, server, context: { events: events! } };
}

const noQueues = { SQS_URL: null, AMQP1_URL: null };

/** Reads Server-Sent Events, one block at a time. */
export async function sse(
  url: string,
  query: string,
  headers: Readonly<Record<string, string>> = {},
) {
  const controller = new AbortController();
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    body: JSON.stringify({ query }),
    signal: controller.signal,
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<{ readonly id: string | null; readonly data: unknown }> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end < 0) {
        const { done, value } = await reader.read();
        if (done) return { id: null, data: 'over' };
        text += value;
        continue;
      }
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (block.includes('event: complete')) return { id: null, data: 'over' };
      if (data !== undefined) {
        return { id: /^id: (.*)$/m.exec(block)?.[1] ?? null, data: JSON.parse(data) };
      }
    }
  };
  text = (await reader.read()).value ?? ''; // the comment that says that it is open, at least
  return { next, leave: () => controller.abort() };
}

/** Of an event of `seen`. */
export const idOf = ({ data }: { readonly data: unknown }) =>
  (data as { data: Record<string, { id: string }> | null }).data?.['seen']?.id;

export async function until(holds: () => boolean, ms = 5_000): Promise<void> {
  const startedAt = performance.now();
  while (!holds()) {
    if (performance.now() - startedAt > ms) throw new Error(`${String(holds)} did not come true`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
