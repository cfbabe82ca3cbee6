import { randomBytes } from 'node:crypto';
import type { Broker, BrokerListener, Heard } from '../broker.ts';

/** Messages of a topic that can be heard again. */
const logLength = 1_000;

/**
 * A broker inside this process, for one instance alone. Remembers the last thousand messages of
 * each topic, until the process ends.
 */
export function createInProcessBroker(): Broker {
  const epoch = randomBytes(6).toString('hex');
  const topics = new Map<string, Topic>();
  const topicOf = (name: string): Topic => {
    let topic = topics.get(name);
    if (!topic) topics.set(name, (topic = { log: [], next: 0, listeners: new Set() }));
    return topic;
  };
  return {
    name: 'in-process',
    publish(name, message) {
      const topic = topicOf(name);
      const heard: Heard = { ...message, cursor: `${epoch}-${topic.next++}` };
      topic.log.push(heard);
      if (topic.log.length > logLength) topic.log.shift();
      for (const listener of topic.listeners) listener.heard(heard);
      return Promise.resolve();
    },
    listen(name, listener) {
      const topic = topicOf(name);
      topic.listeners.add(listener);
      return Promise.resolve({
        stop() {
          topic.listeners.delete(listener);
          return Promise.resolve();
        },
      });
    },
    replay(name, cursor, most) {
      const { log, next } = topicOf(name);
      const match = /^([0-9a-f]+)-(\d+)$/.exec(cursor);
      const missed = next - 1 - Number(match?.[2]);
      const isKept = match?.[1] === epoch && missed >= 0 && missed <= Math.min(log.length, most);
      return Promise.resolve(isKept ? log.slice(log.length - missed) : null);
    },
    close: () => Promise.resolve(),
  };
}

interface Topic {
  readonly log: Heard[];
  /** Number of the next message. */
  next: number;
  readonly listeners: Set<BrokerListener>;
}
