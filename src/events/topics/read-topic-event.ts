import { type CloudEvent, readCloudEvent } from '../cloud-event.ts';
import type { Topic } from '../define-topic.ts';
import { validated } from '../standard-schema.ts';
import type { Heard } from './broker.ts';
import { placeOf } from './event-position.ts';
import { noteTopicEvent, type TopicEvent } from './topic-reader.ts';

export interface ReadEvent {
  readonly event: TopicEvent;
  readonly envelope: CloudEvent;
}

/** The event in a message. Rejects when it is none of this topic. */
export async function readTopicEvent(
  topic: Topic,
  broker: string,
  message: Heard,
): Promise<ReadEvent> {
  const envelope = readCloudEvent(message);
  const data = await validated(`an event of topic "${topic.name}"`, topic.schema, envelope.data);
  const cursor = message.cursor === null ? null : `${broker}:${message.cursor}`;
  const event: TopicEvent = {
    id: `${envelope.source} ${envelope.id}`,
    key: topic.key(data),
    data,
    cursor,
    place: cursor && placeOf(topic.name, cursor),
    bytes: message.body.length + 100,
  };
  noteTopicEvent(data);
  return { event, envelope: { ...envelope, data } };
}
