import { env } from '../../backend/setting.ts';
import { Malformed, type SettingUse } from '../../backend/settings.ts';
import { type BrokerUrls, readUrl } from '../event-settings.ts';

/** What is for jobs alone; brokers that also carry topics are in `brokerSettings`. */
export const queueSettings = {
  SQS_URL: {
    setting: env('SQS_URL', '', 'a URL'),
    purpose: 'an SQS endpoint that carries jobs',
    example: 'https://sqs.eu-west-1.amazonaws.com',
    read: (text: string) => readUrl(text, ['http', 'https']),
  },
  AMQP1_URL: {
    setting: env('AMQP1_URL', '', 'a URL'),
    purpose: 'an AMQP 1.0 broker that carries jobs, such as Azure Service Bus',
    example: 'amqps://policy:key@namespace.servicebus.windows.net',
    read: (text: string) => readUrl(text, ['amqp', 'amqps']),
    secret: true,
  },
  WORKER: {
    setting: env('WORKER', 'on', 'on or off'),
    purpose: 'whether this process does jobs beside answering',
    example: 'off',
    read(text: string): boolean {
      if (text === 'on' || text === 'off') return text === 'on';
      throw new Malformed('expected on or off');
    },
  },
} as const satisfies Record<string, SettingUse<unknown>>;

/**
 * Where jobs wait: the first of SQS_URL, AMQP1_URL, AMQP_URL, NATS_URL and KAFKA_BROKERS; a SQLite
 * file when there is none.
 */
export interface QueueUrls extends BrokerUrls {
  readonly SQS_URL: string | null;
  readonly AMQP1_URL: string | null;
}
