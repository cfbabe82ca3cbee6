import { env } from '../backend/setting.ts';
import { Malformed, type SettingUse } from '../backend/settings.ts';

/** Where brokers and queues are. Of several, the first in this order carries topics. */
export const brokerSettings = {
  NATS_URL: {
    setting: env('NATS_URL', '', 'a URL'),
    purpose: 'a NATS server with JetStream that carries events and jobs',
    example: 'nats://127.0.0.1:4222',
    read: (text: string) => readUrl(text, ['nats', 'tls']),
    secret: true,
  },
  AMQP_URL: {
    setting: env('AMQP_URL', '', 'a URL'),
    purpose: 'a RabbitMQ that carries events and jobs',
    example: 'amqp://guest:guest@127.0.0.1:5672',
    read: (text: string) => readUrl(text, ['amqp', 'amqps']),
    secret: true,
  },
  KAFKA_BROKERS: {
    setting: env('KAFKA_BROKERS', '', 'host:port'),
    purpose: 'Kafka brokers that carry events and jobs, separated by commas',
    example: '127.0.0.1:9092',
    read: readAddresses,
  },
} as const satisfies Record<string, SettingUse<string | null>>;

/** What an empty variable means for all of them: not there. */
export type BrokerUrls = {
  readonly [Name in keyof typeof brokerSettings]: string | null;
} & {
  /** The Redis that instances share; it carries topics when no other broker does. */
  readonly REDIS_URL: string | null;
};

/** A URL with one of the schemes, as it was given. */
export function readUrl(text: string, schemes: readonly string[]): string | null {
  if (text === '') return null;
  const url = URL.parse(text);
  if (url && schemes.includes(url.protocol.slice(0, -1)) && url.hostname !== '') return text;
  throw new Malformed(`expected a URL with ${schemes.join(' or ')}`);
}

function readAddresses(text: string): string | null {
  if (text === '') return null;
  const addresses = text.split(',').map((item) => item.trim());
  if (addresses.every((address) => /^[\w.-]+:\d{1,5}$/.test(address))) return addresses.join(',');
  throw new Malformed('expected host:port, several separated by commas');
}
