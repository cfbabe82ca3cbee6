import type { Message, SQSClient, SQSClientConfig } from '@aws-sdk/client-sqs';
import { BrokerState, inTime } from '../../broker-state.ts';
import {
  assertChannel,
  type ConsumeOptions,
  type Consumer,
  type Queue,
  type QueueMessage,
  sendTimeoutMs,
} from '../queue.ts';
import { PullConsumer } from './pull-consumer.ts';
import type { BrokerQueueOptions } from './rabbitmq.ts';

/**
 * Standard queues of SQS, `<namespace>-<channel>` with underscores for dots, made when they are
 * missing. Credentials come from where the AWS SDK finds them; waits are in whole seconds.
 */
export function createSqsQueue(options: BrokerQueueOptions): Queue {
  return new SqsQueue(options);
}

type Sdk = typeof import('@aws-sdk/client-sqs');

/** How long a message stays with a consumer that died, in seconds. */
const holdSeconds = 30;
/** Longest delay of a send and longest time in hand that SQS takes, in seconds. */
const mostDelaySeconds = 900;
const mostHoldSeconds = 43_000;
/** Longest wait for a first message, in seconds. */
const pollSeconds = 10;

class SqsQueue implements Queue {
  readonly name = 'sqs';
  readonly #url: string;
  readonly #namespace: string;
  readonly #state: BrokerState;
  readonly #log: (message: string) => void;
  readonly #queues = new Map<string, Promise<string>>();
  readonly #consumers = new Set<Consumer>();
  #opened: Promise<{ readonly sdk: Sdk; readonly client: SQSClient }> | undefined;

  constructor({ url, namespace = 'tailorbird', log }: BrokerQueueOptions) {
    this.#url = url;
    this.#namespace = namespace;
    this.#log = log;
    this.#state = new BrokerState('sqs', log);
  }

  async send(channel: string, message: QueueMessage, { delayMs = 0 } = {}): Promise<void> {
    assertChannel(channel);
    try {
      await inTime(sendTimeoutMs, this.#put(channel, message, delayMs));
      this.#state.back();
    } catch (error) {
      this.#queues.delete(channel); // it may have to be made again
      throw this.#state.unavailable('take a message', error);
    }
  }

  consume(channel: string, options: ConsumeOptions): Consumer {
    assertChannel(channel);
    const consumer = new PullConsumer({
      ...options,
      channel,
      holdEveryMs: (holdSeconds * 1_000) / 3,
      state: this.#state,
      log: this.#log,
      take: async (room, deliver, signal) => {
        try {
          for (const message of await this.#receive(channel, room, signal)) {
            const waitMs =
              Number(message.MessageAttributes?.['dueAt']?.StringValue ?? 0) - Date.now();
            if (waitMs > 0) await this.#hide(channel, message, waitMs);
            else deliver(this.#taken(channel, message));
          }
        } catch (error) {
          this.#queues.delete(channel);
          throw error;
        }
      },
    });
    this.#consumers.add(consumer);
    return consumer;
  }

  async close(): Promise<void> {
    this.#state.close();
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    const opened = await this.#opened?.catch(() => undefined);
    opened?.client.destroy();
  }

  async #put(channel: string, { id, body }: QueueMessage, delayMs: number): Promise<void> {
    const { sdk, client } = await this.#open();
    const text = (StringValue: string) => ({ DataType: 'String', StringValue });
    await client.send(
      new sdk.SendMessageCommand({
        QueueUrl: await this.#queueUrl(channel),
        MessageBody: body === '' ? ' ' : body, // SQS takes no empty one
        DelaySeconds: Math.min(Math.ceil(delayMs / 1_000), mostDelaySeconds),
        MessageAttributes: {
          id: text(id),
          ...(body === '' && { empty: text('yes') }),
          ...(delayMs > mostDelaySeconds * 1_000 && {
            dueAt: text(String(Math.ceil(Date.now() + delayMs))),
          }),
        },
      }),
    );
  }

  async #receive(channel: string, room: number, signal: AbortSignal): Promise<Message[]> {
    const { sdk, client } = await this.#open();
    const received = await client.send(
      new sdk.ReceiveMessageCommand({
        QueueUrl: await this.#queueUrl(channel),
        MaxNumberOfMessages: Math.min(room, 10),
        WaitTimeSeconds: pollSeconds,
        VisibilityTimeout: holdSeconds,
        MessageAttributeNames: ['All'],
      }),
      { abortSignal: signal },
    );
    return received.Messages ?? [];
  }

  #taken(channel: string, message: Message) {
    const { id, empty } = message.MessageAttributes ?? {};
    const known = { id: id?.StringValue ?? '', body: empty ? '' : (message.Body ?? '') };
    return {
      ...known,
      done: () => this.#remove(channel, message),
      again: async (afterMs: number, body: string | undefined) => {
        if (body === undefined && afterMs < mostHoldSeconds * 1_000) {
          return this.#hide(channel, message, afterMs);
        }
        await this.send(channel, { ...known, body: body ?? known.body }, { delayMs: afterMs });
        return this.#remove(channel, message);
      },
      hold: () => this.#hide(channel, message, holdSeconds * 1_000),
    };
  }

  async #hide(channel: string, { ReceiptHandle }: Message, ms: number): Promise<void> {
    const { sdk, client } = await this.#open();
    await client.send(
      new sdk.ChangeMessageVisibilityCommand({
        QueueUrl: await this.#queueUrl(channel),
        ReceiptHandle,
        VisibilityTimeout: Math.min(Math.ceil(ms / 1_000), mostHoldSeconds),
      }),
    );
  }

  async #remove(channel: string, { ReceiptHandle }: Message): Promise<void> {
    const { sdk, client } = await this.#open();
    const QueueUrl = await this.#queueUrl(channel);
    await client.send(new sdk.DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }

  /** Makes the queue when it is missing. */
  #queueUrl(channel: string): Promise<string> {
    let url = this.#queues.get(channel);
    if (url === undefined) {
      url = this.#makeQueue(`${this.#namespace}-${channel}`.replaceAll('.', '_').slice(0, 80));
      url.catch(() => this.#queues.delete(channel));
      this.#queues.set(channel, url);
    }
    return url;
  }

  async #makeQueue(name: string): Promise<string> {
    const { sdk, client } = await this.#open();
    try {
      const found = await client.send(new sdk.GetQueueUrlCommand({ QueueName: name }));
      if (found.QueueUrl) return found.QueueUrl;
    } catch (error) {
      if (!(error instanceof sdk.QueueDoesNotExist)) throw error;
    }
    const made = await client.send(
      new sdk.CreateQueueCommand({
        QueueName: name,
        Attributes: {
          VisibilityTimeout: String(holdSeconds),
          MessageRetentionPeriod: '1209600', // two weeks, the most there is
        },
      }),
    );
    if (!made.QueueUrl) throw new Error(`SQS made the queue ${name} and did not say where`);
    return made.QueueUrl;
  }

  #open() {
    this.#opened ??= (async () => {
      const sdk = await import('@aws-sdk/client-sqs');
      const config: SQSClientConfig = {
        endpoint: this.#url,
        region:
          /sqs\.([a-z0-9-]+)\.amazonaws/.exec(this.#url)?.[1] ??
          process.env['AWS_REGION'] ??
          'us-east-1',
        maxAttempts: 1, // the queue tries again itself
      };
      return { sdk, client: new sdk.SQSClient(config) };
    })();
    return this.#opened;
  }
}
