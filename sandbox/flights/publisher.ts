import { randomUUID } from 'node:crypto';
import type { FlightChange } from './flight-changes.ts';

/** Tells a broker what happens; nobody waits for it. */
export interface Publisher {
  publish(change: FlightChange): void;
  close(): Promise<void>;
}

const topic = 'flights.changed';

/**
 * A publisher onto the broker that the environment names, in the order in which the BFFs choose:
 * NATS_URL, AMQP_URL, KAFKA_BROKERS, REDIS_URL. Null when it names none: then `WatchFlights` tells.
 */
export async function openPublisher(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Publisher | null> {
  const wire = await openWire(environment);
  if (wire === null) return null;
  return {
    publish(change) {
      // CloudEvents 1.0, structured. What the broker does not take is lost, as it would be to a
      // display at an airport.
      const event = {
        specversion: '1.0',
        id: randomUUID(),
        source: '/sandbox/flights',
        type: topic,
        subject: change.flightId,
        time: new Date().toISOString(),
        datacontenttype: 'application/json',
        data: change,
      };
      wire.send(JSON.stringify(event), change.flightId).catch(() => {});
    },
    close: () => wire.close(),
  };
}

interface Wire {
  send(body: string, key: string): Promise<unknown>;
  close(): Promise<void>;
}

const contentType = 'application/cloudevents+json';

async function openWire(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Wire | null> {
  const { NATS_URL, AMQP_URL, KAFKA_BROKERS, REDIS_URL } = environment;
  if (NATS_URL) {
    const { connect } = await import('@nats-io/transport-node');
    const options = { servers: new URL(NATS_URL).host, waitOnFirstConnect: true };
    const connection = await connect({ ...options, maxReconnectAttempts: -1 });
    return {
      send: async (body) => connection.publish(`tailorbird.topic.${topic}`, body),
      close: () => connection.close(),
    };
  }
  if (AMQP_URL) {
    const { Connection } = await import('rabbitmq-client');
    const connection = new Connection(AMQP_URL);
    connection.on('error', () => {}); // it connects again by itself
    const publisher = connection.createPublisher({ confirm: true });
    return {
      send: (body) =>
        publisher.send(
          { routingKey: `tailorbird.topic.${topic}`, contentType, durable: true },
          Buffer.from(body),
        ),
      close: async () => connection.unsafeDestroy(),
    };
  }
  if (KAFKA_BROKERS) {
    const { Kafka, logLevel } = await import('kafkajs');
    const kafka = new Kafka({ brokers: KAFKA_BROKERS.split(','), logLevel: logLevel.NOTHING });
    const producer = kafka.producer({ allowAutoTopicCreation: true });
    await producer.connect();
    return {
      send: (value, key) =>
        producer.send({
          topic: `tailorbird.${topic}`,
          messages: [{ key, value, headers: { 'content-type': contentType } }],
        }),
      close: () => producer.disconnect(),
    };
  }
  if (REDIS_URL) {
    const { createClient } = await import('@redis/client');
    const client = createClient({ url: REDIS_URL, disableOfflineQueue: true });
    client.on('error', () => {}); // it connects again by itself
    client.connect().catch(() => {});
    const trim = {
      TRIM: { strategy: 'MAXLEN', strategyModifier: '~', threshold: 10_000 },
    } as const;
    return {
      send: (body) => client.xAdd(`tailorbird:topic:${topic}`, '*', { body }, trim),
      close: async () => client.destroy(),
    };
  }
  return null;
}
