import type { Channel } from 'rabbitmq-client';
import { BrokerState, inTime } from '../../broker-state.ts';
import type { EventMessage } from '../../cloud-event.ts';
import type {
  Broker,
  BrokerListener,
  BrokerOptions,
  BrokerSubscription,
  Heard,
} from '../broker.ts';
import { answerMs, closed, RabbitmqLink } from './rabbitmq-link.ts';
import { heardOf, isMarker, type Place } from './rabbitmq-message.ts';

/**
 * Topics as streams of RabbitMQ 3.9 or newer: the queue `<namespace>.topic.<name>`, kept for a day.
 * Anything published to the queue is heard; messages with the header `tailorbird-position` say
 * nothing and are to be passed over by other readers.
 */
export function createRabbitmqBroker(options: BrokerOptions): Broker {
  return new RabbitmqBroker(options);
}

interface Followed {
  readonly topic: string;
  readonly listener: BrokerListener;
  /** The last message that was heard, or that was there. */
  last: Place;
  channel: Channel | undefined;
}

class RabbitmqBroker implements Broker {
  readonly name = 'rabbitmq';
  readonly #state: BrokerState;
  readonly #link: RabbitmqLink;
  readonly #followed = new Set<Followed>();
  #again: NodeJS.Timeout | undefined;
  #closed = false;

  constructor({ url, namespace = 'tailorbird', log }: BrokerOptions) {
    this.#state = new BrokerState('rabbitmq', log);
    const back = () => this.#resumeAll();
    this.#link = new RabbitmqLink({ url, namespace, state: this.#state, back });
  }

  async publish(topic: string, message: EventMessage): Promise<void> {
    try {
      await this.#link.declare(topic);
      await this.#link.send(topic, message);
    } catch (error) {
      throw this.#state.unavailable('take an event', error);
    }
  }

  async listen(topic: string, listener: BrokerListener): Promise<BrokerSubscription> {
    try {
      await this.#link.declare(topic);
      const last = await this.#link.end(topic);
      const followed: Followed = { topic, listener, last, channel: undefined };
      await this.#follow(followed);
      this.#followed.add(followed);
      return {
        stop: async () => {
          this.#followed.delete(followed);
          await closed(followed.channel);
        },
      };
    } catch (error) {
      throw this.#state.unavailable('open a topic', error);
    }
  }

  async replay(topic: string, cursor: string, most: number): Promise<readonly Heard[] | null> {
    const [, offset, digest] = /^(\d{1,15})-([0-9a-f]{8})$/.exec(cursor) ?? [];
    try {
      await this.#link.declare(topic);
      const end = [...this.#followed].find((followed) => followed.topic === topic)?.last;
      const { offset: last } = end ?? (await this.#link.end(topic));
      const from = Number(offset);
      if (offset === undefined || from > last || last - from > most) return null;
      const heard: Heard[] = [];
      const reached = Promise.withResolvers<boolean>();
      let isFirst = true;
      const channel = await this.#link.consume(topic, from, (message, place) => {
        if (isFirst && (place.offset !== from || place.digest !== digest)) reached.resolve(false);
        isFirst = false;
        if (place.offset > from && place.offset <= last && !isMarker(message)) {
          heard.push(heardOf(message, place));
        }
        if (place.offset >= last) reached.resolve(true);
      });
      const isKept = await inTime(answerMs, reached.promise).finally(() => closed(channel));
      return isKept ? heard : null;
    } catch (error) {
      throw this.#state.unavailable('read its log', error);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#state.close();
    clearTimeout(this.#again);
    await this.#link.close();
  }

  /** Hears what comes after `last`; the first message has to be that one. */
  async #follow(followed: Followed): Promise<void> {
    const { topic, listener } = followed;
    const { last } = followed;
    let isFirst = true;
    const channel = await this.#link.consume(topic, last.offset, (message, place) => {
      if (followed.channel !== undefined && followed.channel !== channel) return;
      const isLast = place.offset === last.offset && place.digest === last.digest;
      if (isFirst && !isLast) listener.gap();
      isFirst = false;
      if (isLast) return;
      followed.last = place;
      if (!isMarker(message)) listener.heard(heardOf(message, place));
    });
    followed.channel = channel;
    channel.once('close', () => {
      if (followed.channel === channel && this.#followed.has(followed)) this.#resumeAll();
    });
  }

  #resumeAll(): void {
    if (this.#closed || !this.#link.isUp) return;
    Promise.all([...this.#followed].map((followed) => this.#resume(followed))).then(
      () => this.#state.back(),
      (error: unknown) => {
        // Streams come up a little after their server.
        this.#state.away(error);
        clearTimeout(this.#again);
        this.#again = setTimeout(() => this.#resumeAll(), 200).unref();
      },
    );
  }

  async #resume(followed: Followed): Promise<void> {
    if (followed.channel?.active) return;
    followed.channel = undefined;
    await this.#link.declare(followed.topic);
    const end = await this.#link.end(followed.topic);
    if (end.offset <= followed.last.offset) {
      // Another stream, in the place of the one that was read.
      followed.last = { offset: 0, digest: '' };
    }
    await this.#follow(followed);
  }
}
