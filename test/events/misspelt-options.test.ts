import { expect, it } from 'vitest';
import { defineTopic } from '../../src/events/define-topic.ts';
import { defineJob } from '../../src/events/jobs/define-job.ts';
import { defineWebhookSource } from '../../src/events/webhooks/define-webhook-source.ts';

it.each<[string, (options: never) => unknown, object, string]>([
  [
    'topic',
    defineTopic,
    { tag: () => [] },
    'defineTopic has no option "tag"; it has name, schema, key, tags, feed. Did you mean "tags"?',
  ],
  [
    'job',
    defineJob,
    { timeout: 5_000 },
    'defineJob has no option "timeout"; it has name, input, key, run, concurrency, timeoutMs, backoffMs. Did you mean "timeoutMs"?',
  ],
  [
    'webhook source',
    defineWebhookSource,
    { bodyLimit: 5 },
    'defineWebhookSource has no option "bodyLimit"; it has name, verify, topic, read, apply, bodyLimitBytes.',
  ],
])('a misspelt option of a %s stops its definition', (_, define, options, message) => {
  expect(() => define({ name: 'things', ...options } as never)).toThrow(message);
});
