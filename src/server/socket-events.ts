import type { EventPayload } from './event-payload.ts';
import type { Outbox } from './outbox.ts';
import type { EventFlow } from './subscription.ts';

/** Events that go out by themselves. */
export interface Sent {
  readonly kind: 'sent';
  /** Stands for them where a protocol wants something to iterate: tells only that they ended. */
  readonly ended: AsyncGenerator<never, void, void>;
}

/**
 * Sends a subscription's events as messages `next` of `graphql-transport-ws`, from when the first is
 * asked for until one side ends them. Their text is that of all who are told the same.
 */
export function sentBy(events: EventFlow, id: string, outbox: Outbox): Sent {
  const head = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`).toString(
    'latin1',
  );
  const over = Promise.withResolvers<IteratorReturnResult<void>>();
  const end = (): void => over.resolve({ done: true, value: undefined });
  const resume = (): void => events.resume();
  let isStarted = false;
  let start = '';
  let startedLength = -1;
  const event = (payload: EventPayload): boolean => {
    const tail = payload.bytes(messageTail);
    // Most events of a subscription are as long as the last one.
    if (tail.length !== startedLength) {
      start = frameHead(head.length + tail.length) + head;
      startedLength = tail.length;
    }
    return outbox.add(start + tail, resume);
  };
  const ended: AsyncGenerator<never, void, void> = {
    next() {
      if (!isStarted) {
        isStarted = true;
        events.start({ event, end });
      }
      return over.promise;
    },
    async return() {
      events.close();
      return { done: true, value: undefined };
    },
    async throw(error) {
      throw error;
    },
    [Symbol.asyncIterator]: () => ended,
    [Symbol.asyncDispose]: async () => events.close(),
  };
  return { kind: 'sent', ended };
}

/** The message after its id, which alone is its subscriber's. */
const messageTail = ({ text }: EventPayload): string => `${text}}`;

const finText = '\x81';

/** What precedes the text in a WebSocket's frame that is whole and not masked, a character for each byte. */
export function frameHead(length: number): string {
  if (length < 126) return finText + String.fromCharCode(length);
  if (length < 65_536) return `${finText}\x7e${bigEndian(length, 2)}`;
  return `${finText}\x7f${bigEndian(length, 8)}`;
}

function bigEndian(value: number, width: number): string {
  let bytes = '';
  for (let rest = value, at = 0; at < width; at += 1, rest = Math.floor(rest / 256)) {
    bytes = String.fromCharCode(rest % 256) + bytes;
  }
  return bytes;
}
