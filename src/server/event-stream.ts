import { type ExecutionResult, GraphQLError } from 'graphql';
import type { FetchAPI } from 'graphql-yoga';
import type { EventPosition } from '../events/topics/event-position.ts';
import type { OperationRequest } from './admission/admission.ts';

/**
 * Where a client that comes back left off: the `Last-Event-ID` of Server-Sent Events, or
 * `extensions: { events: { cursor } }` of the operation, as it was in the last event's extensions.
 */
export function resumeAfter(
  { extensions }: OperationRequest,
  headers: Pick<Headers, 'get'>,
): string | null {
  const events = extensions?.['events'];
  const given =
    typeof events === 'object' && events !== null && 'cursor' in events ? events.cursor : null;
  return typeof given === 'string' ? given : headers.get('last-event-id');
}

/** The events of `source`; between them, as soon as it is known, that some may have been missed. */
export function tellingGaps(
  source: AsyncGenerator<ExecutionResult, void, void>,
  position: EventPosition,
): AsyncGenerator<ExecutionResult, void, void> {
  let coming: Promise<IteratorResult<ExecutionResult, void>> | undefined;
  return {
    async next() {
      coming ??= source.next();
      const event = await Promise.race([coming, position.gap()]);
      if (event === undefined) {
        position.takeGap();
        return { done: false, value: gapTold() };
      }
      coming = undefined;
      return event;
    },
    return: () => source.return(),
    throw: (error) => source.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: async () => void (await source.return()),
  };
}

function gapTold(): ExecutionResult {
  return {
    data: null,
    errors: [
      new GraphQLError('Events may have been missed; ask again for what you show.', {
        extensions: { code: 'UPSTREAM_UNAVAILABLE', retryable: true },
      }),
    ],
    extensions: { events: { gap: true } },
  };
}

/** The event, with what its client has to say to go on after it. */
export function withCursor(event: ExecutionResult, { cursor }: EventPosition): ExecutionResult {
  if (cursor === null) return event;
  const events = { ...(event.extensions?.['events'] as object | undefined), cursor };
  return { ...event, extensions: { ...event.extensions, events } };
}

/** Comments that keep a connection open which has nothing to say. */
const pingMs = 12_000;

/**
 * Events as Server-Sent Events, in the form of `graphql-sse`, each with the id to go on after. The
 * next one is made once the last was taken.
 */
export function eventStreamResponse(
  events: AsyncGenerator<ExecutionResult, void, void>,
  { Response, ReadableStream, TextEncoder }: FetchAPI,
): Response {
  const encoder = new TextEncoder();
  let ping: NodeJS.Timeout | undefined;
  const body = new ReadableStream({
    start(controller: ReadableStreamDefaultController<Uint8Array>) {
      // Some browsers wait for the first bytes before they say that it is open.
      controller.enqueue(encoder.encode(':\n\n'));
      ping = setInterval(() => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(':\n\n'));
      }, pingMs).unref();
    },
    async pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      const { done, value } = await events.next();
      if (!done) {
        controller.enqueue(encoder.encode(eventText(value)));
        return;
      }
      clearInterval(ping);
      controller.enqueue(encoder.encode('event: complete\ndata:\n\n'));
      controller.close();
    },
    async cancel() {
      clearInterval(ping);
      await events.return();
    },
  });
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream',
      connection: 'keep-alive',
      'cache-control': 'no-cache',
      'content-encoding': 'none',
    },
  });
}

function eventText(event: ExecutionResult): string {
  const { cursor } = (event.extensions?.['events'] ?? {}) as { cursor?: unknown };
  const id = typeof cursor === 'string' ? `id: ${cursor}\n` : '';
  return `${id}event: next\ndata: ${JSON.stringify(event)}\n\n`;
}
