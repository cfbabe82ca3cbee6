import { createHash } from 'node:crypto';
import { didYouMean } from '../../../nearest-name.ts';
import type { CloudEvent } from '../../cloud-event.ts';
import type { SqliteFile } from '../../sqlite-file.ts';
import type { LiveTopics } from '../../topics/live-topics.ts';
import { type AddressRule, type FindAddresses, urlProblem } from './address-guard.ts';
import { Consumers, type NewConsumer, type WebhookConsumer } from './consumers.ts';
import { Deliveries, type Due, type LoggedDelivery, type Replay } from './deliveries.ts';
import { createSender, type Sender } from './send.ts';

export interface OutgoingOptions {
  /** With `outgoingTables`; closed by whoever opened it. */
  readonly file: SqliteFile;
  /** Names of topics that consumers may register for. */
  readonly topics: readonly string[];
  readonly live: Pick<LiveTopics, 'listen'>;
  readonly rule: AddressRule;
  readonly log: (message: string) => void;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /** @default the system's */
  readonly find?: FindAddresses;
}

/** What is wrong with a registration, as a sentence for whoever registers. */
export class RegistrationRefused extends Error {
  override readonly name = 'RegistrationRefused';
}

/** How many tries run at once: of one consumer, of one that fails, of all. */
const atOnce = { consumer: 4, failing: 1, all: 64 };
const mostConsumers = 1_000;
/** How often the file is looked at for what other processes changed, and how soon at most. */
const pollMs = { most: 5_000, least: 1_000 };
const purgeEveryMs = 3_600_000;

/** Tells consumers outside of events: signed, again and again, from a file that survives restarts. */
export class OutgoingWebhooks {
  readonly #options: OutgoingOptions;
  readonly #now: () => number;
  readonly #consumers: Consumers;
  readonly #deliveries: Deliveries;
  readonly #sender: Sender;
  readonly #listening = new Map<string, () => void>();
  readonly #inFlight = new Map<string, number>();
  readonly #running = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #waking: Promise<void> | undefined;
  #again = false;
  #closed = false;
  #purgedAt = 0;

  constructor(options: OutgoingOptions) {
    const { file, rule, find, now = Date.now } = options;
    this.#options = options;
    this.#now = now;
    this.#consumers = new Consumers(file, now);
    this.#deliveries = new Deliveries(file, now);
    this.#sender = createSender({ rule, now, ...(find && { find }) });
    void this.wake();
  }

  consumers(): readonly WebhookConsumer[] {
    return this.#consumers.list();
  }

  consumer(id: string): WebhookConsumer | null {
    return this.#consumers.get(id);
  }

  /** Fails: RegistrationRefused. */
  async register(
    consumer: NewConsumer,
  ): Promise<{ readonly consumer: WebhookConsumer; readonly secret: string }> {
    const { topics, rule } = this.#options;
    const problem = urlProblem(consumer.url, rule);
    if (problem !== null) throw new RegistrationRefused(`url: ${problem}`);
    if (consumer.topics.length === 0)
      throw new RegistrationRefused('topics: expected at least one');
    for (const topic of consumer.topics) {
      if (topics.includes(topic)) continue;
      throw new RegistrationRefused(
        `topics: there is no topic ${JSON.stringify(topic)}; there are ${topics.join(', ') || 'none'}.${didYouMean(topic, topics)}`,
      );
    }
    if (consumer.description.length > 500) {
      throw new RegistrationRefused('description: expected at most 500 characters');
    }
    if (this.#consumers.list().length >= mostConsumers) {
      throw new RegistrationRefused(`there are ${mostConsumers} consumers already; remove one`);
    }
    const { id, secret } = await this.#consumers.add(consumer);
    this.#listen();
    const added = this.#consumers.get(id);
    if (!added) throw new RegistrationRefused('it was removed at once');
    return { consumer: added, secret };
  }

  async remove(id: string): Promise<void> {
    await this.#consumers.remove(id);
    this.#listen();
  }

  /** The new secret. */
  rotate(id: string): Promise<string> {
    return this.#consumers.rotate(id);
  }

  disable(id: string, note: string): Promise<void> {
    return this.#consumers.disable(id, note);
  }

  enable(id: string): Promise<void> {
    return this.#consumers.enable(id);
  }

  /** How many deliveries are on their way again. */
  async replay(id: string, replay: Replay): Promise<number> {
    const count = await this.#deliveries.replay(id, replay);
    void this.wake();
    return count;
  }

  log(id: string, most: number, before: number | null): readonly LoggedDelivery[] {
    return this.#deliveries.log(id, most, before);
  }

  /** Begins what is due; resolves when that has begun. Never rejects. */
  wake(): Promise<void> {
    this.#again = true;
    this.#waking ??= this.#wakeAll().finally(() => {
      this.#waking = undefined;
    });
    return this.#waking;
  }

  /** Resolves when no try runs. */
  async settled(): Promise<void> {
    await this.#waking;
    while (this.#running.size > 0) {
      await Promise.all(this.#running);
      await this.#waking;
    }
  }

  /** Begins nothing more, and waits at most so long for tries that run; they are made again later. */
  async close(finishMs = 2_000): Promise<void> {
    // What was published a moment ago is on its way to `#heard`.
    await new Promise((resolve) => setImmediate(resolve));
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const stop of this.#listening.values()) stop();
    this.#listening.clear();
    const ended = Promise.all(this.#running);
    const timer = setTimeout(() => void this.#sender.close(), finishMs);
    await this.#waking;
    await ended;
    clearTimeout(timer);
    await this.#sender.close();
  }

  async #wakeAll(): Promise<void> {
    clearTimeout(this.#timer);
    let waitMs = pollMs.most;
    try {
      this.#listen();
      while (this.#again && !this.#closed) {
        this.#again = false;
        const due = await this.#deliveries.take(
          (consumer, failing) => this.#free(consumer, failing),
          atOnce.all - this.#running.size,
        );
        for (const delivery of due) this.#begin(delivery);
      }
      if (this.#now() - this.#purgedAt > purgeEveryMs) {
        this.#purgedAt = this.#now();
        await this.#deliveries.purge();
      }
      const next = this.#deliveries.nextDue();
      if (next !== null) waitMs = Math.min(waitMs, Math.max(pollMs.least, next - this.#now()));
    } catch (error) {
      this.#options.log(`webhooks to consumers wait: ${textOf(error)}`);
    }
    if (!this.#closed) this.#timer = setTimeout(() => void this.wake(), waitMs).unref();
  }

  /** Hears the topics that somebody is registered for, and no others. */
  #listen(): void {
    if (this.#closed) return;
    const wanted = new Set(this.#consumers.topics());
    for (const [name, stop] of this.#listening) {
      if (wanted.has(name)) continue;
      stop();
      this.#listening.delete(name);
    }
    for (const name of wanted) {
      // A topic of another version of this bff may be in the file.
      if (this.#listening.has(name) || !this.#options.topics.includes(name)) continue;
      const stop = this.#options.live.listen({ name }, (event) => this.#heard(event));
      this.#listening.set(name, stop);
    }
  }

  #heard(event: CloudEvent): void {
    this.#deliveries.record(messageOf(event)).then(
      () => void this.wake(),
      (error: unknown) =>
        this.#options.log(
          `event ${event.id} of topic "${event.type}" is told to no consumer: ${textOf(error)}`,
        ),
    );
  }

  #free(consumer: string, failing: boolean): number {
    const most = failing ? atOnce.failing : atOnce.consumer;
    return most - (this.#inFlight.get(consumer) ?? 0);
  }

  #begin(due: Due): void {
    const { consumer } = due;
    this.#inFlight.set(consumer, (this.#inFlight.get(consumer) ?? 0) + 1);
    const running = this.#try(due)
      .catch((error: unknown) =>
        this.#options.log(`webhook ${due.message} to ${consumer} is tried again: ${textOf(error)}`),
      )
      .finally(() => {
        const left = (this.#inFlight.get(consumer) ?? 1) - 1;
        if (left > 0) this.#inFlight.set(consumer, left);
        else this.#inFlight.delete(consumer);
        this.#running.delete(running);
        if (!this.#closed) void this.wake();
      });
    this.#running.add(running);
  }

  async #try(due: Due): Promise<void> {
    const secrets = this.#consumers.secrets(due.consumer);
    if (secrets.length === 0) return; // removed a moment ago
    const attempt = await this.#sender.send(due, secrets);
    const note = await this.#deliveries.settle(due, attempt);
    if (note === null) return;
    this.#options.log(`webhook consumer ${due.consumer} (${due.url}) is disabled: ${note}`);
  }
}

/** The event as consumers read it; the same event makes the same message. */
function messageOf(event: CloudEvent) {
  const digest = createHash('sha256').update(`${event.source}\n${event.id}`).digest('base64url');
  return {
    id: `msg_${digest.slice(0, 27)}`,
    topic: event.type,
    body: JSON.stringify({ type: event.type, timestamp: event.time, data: event.data }),
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
