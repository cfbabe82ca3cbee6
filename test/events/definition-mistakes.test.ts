import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import { env } from '../../src/backend/setting.ts';
import { defineBff } from '../../src/bff/define-bff.ts';
import { defineTopic, type TopicOptions } from '../../src/events/define-topic.ts';
import { defineJob, type JobOptions } from '../../src/events/jobs/define-job.ts';
import { defineWebhookSource } from '../../src/events/webhooks/define-webhook-source.ts';
import { type HmacOptions, hmacWebhooks } from '../../src/events/webhooks/signatures/hmac.ts';
import { createServer } from '../../src/server/bff-server.ts';
import { defineSubschema } from '../../src/subschema/define-subschema.ts';

const schema = z.object({ id: z.string() });
const secrets = env('SHOP_SECRETS', 'a secret of the code');

describe('code without types is told the rule and the remedy', () => {
  it.each([
    ['no options', () => hmacWebhooks(secrets, undefined as unknown as HmacOptions), /no options/],
    ['no header', () => hmacWebhooks(secrets, {} as HmacOptions), /hmacWebhooks\(env\(/],
    [
      'an encoding that there is not',
      () => hmacWebhooks(secrets, { header: 'x', encoding: 'base65' as 'hex' }),
      /encoding is "base65"; give hex or base64/,
    ],
    [
      'one wait in place of a list',
      () =>
        defineJob({
          name: 'a.b',
          input: schema,
          run: () => 1,
          backoffMs: 200,
        } as unknown as JobOptions<unknown, unknown, unknown>),
      /definition-mistakes\.test\.ts:\d+: the job "a\.b": backoffMs is 200; give a list of waits/,
    ],
    [
      'tags that are no function',
      () =>
        defineTopic({ name: 'a.b', schema, key: () => '', tags: ['x'] } as unknown as TopicOptions<
          unknown,
          unknown
        >),
      /definition-mistakes\.test\.ts:\d+: tags of the topic "a\.b" must be a function/,
    ],
  ])('%s', (_, define, message) => {
    expect(define).toThrow(message);
  });
});

it('a webhook source whose topic is listed nowhere stops the start', () => {
  const topic = defineTopic({ name: 'shop.sold', schema, key: ({ id }) => id });
  const source = defineWebhookSource({
    name: 'shop',
    verify: hmacWebhooks(secrets, { header: 'x-signature' }),
    topic,
    read: () => null,
  });
  const bff = defineBff({
    name: 'web',
    subschemas: [
      defineSubschema({
        backend: defineRestBackend({ name: 'shop', endpoints: 'http://127.0.0.1:1' }),
        builder: makeExecutableSchema({ typeDefs: 'type Query { hello: String }' }),
        webhooks: [source],
      }),
    ],
  });
  expect(() => createServer(bff, { settings: {} })).toThrow(
    /definition-mistakes\.test\.ts:\d+: the topic "shop\.sold" of webhook source "shop" is listed nowhere; list it under topics/,
  );
});
