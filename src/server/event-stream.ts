import { Readable } from 'node:stream';
import type { FetchAPI } from 'graphql-yoga';
import type { EventPayload } from './event-payload.ts';
import type { OpenOutbox, Outbox } from './outbox.ts';
import type { EventFlow } from './subscription.ts';

/** Events as Server-Sent Events, in the form of `graphql-sse`, each with the id to go on after. */
export function eventStreamResponse(
  events: EventFlow,
  openOutbox: OpenOutbox,
  { Response }: Pick<FetchAPI, 'Response'>,
): Response {
  // A stream of Node's is a body here, and the only one that says how much waits in it.
  return new Response(new EventStream(events, openOutbox) as unknown as BodyInit, {
    headers: {
      'content-type': 'text/event-stream',
      connection: 'keep-alive',
      'cache-control': 'no-cache',
      'content-encoding': 'none',
    },
  });
}

/** Comments that keep a connection open which has nothing to say. */
const pingMs = 12_000;
/** What may wait for the connection here, in bytes; the rest waits in its source. */
const highWaterMark = 16 * 1024;

class EventStream extends Readable {
  readonly #events: EventFlow;
  readonly #outbox: Outbox;
  readonly #ping: NodeJS.Timeout;

  constructor(events: EventFlow, openOutbox: OpenOutbox) {
    super({ highWaterMark });
    this.#events = events;
    this.#outbox = openOutbox((text) => this.push(Buffer.from(text, 'latin1')));
    // Some browsers wait for the first bytes before they say that it is open.
    this.push(':\n\n');
    this.#ping = setInterval(() => {
      if (this.readableLength === 0) this.push(':\n\n');
    }, pingMs).unref();
    const resume = (): void => events.resume();
    events.start({
      event: (payload) => this.#outbox.add(payload.bytes(eventText), resume),
      end: () => this.#end(),
    });
  }

  override _read(): void {
    this.#outbox.drained();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearInterval(this.#ping);
    this.#events.close();
    callback(error);
  }

  #end(): void {
    clearInterval(this.#ping);
    if (this.destroyed) return;
    this.#outbox.flush();
    this.push('event: complete\ndata:\n\n');
    this.push(null);
  }
}

function eventText({ text, cursor }: EventPayload): string {
  const id = cursor === null ? '' : `id: ${cursor}\n`;
  return `${id}event: next\ndata: ${text}\n\n`;
}
