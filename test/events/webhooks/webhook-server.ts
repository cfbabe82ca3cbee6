import { makeExecutableSchema } from '@graphql-tools/schema';
import { z } from 'zod';
import { defineRestBackend } from '../../../src/backend/rest-backend.ts';
import { env } from '../../../src/backend/setting.ts';
import { defineBff } from '../../../src/bff/define-bff.ts';
import { defineTopic } from '../../../src/events/define-topic.ts';
import type { LiveEvents } from '../../../src/events/live-events.ts';
import { defineWebhookSource } from '../../../src/events/webhooks/define-webhook-source.ts';
import { githubWebhooks } from '../../../src/events/webhooks/signatures/github.ts';
import { hmacWebhooks } from '../../../src/events/webhooks/signatures/hmac.ts';
import { slackWebhooks } from '../../../src/events/webhooks/signatures/slack.ts';
import { standardWebhooks } from '../../../src/events/webhooks/signatures/standard-webhooks.ts';
import { stripeWebhooks } from '../../../src/events/webhooks/signatures/stripe.ts';
import { createServer, type CreateServerOptions } from '../../../src/server/bff-server.ts';
import { defineSubschema } from '../../../src/subschema/define-subschema.ts';
import { type LoggedLine, listLogger } from '../../support/stub-server.ts';

/** What every source's events say. */
export interface Noted {
  readonly source: string;
  readonly number: number;
}

export const noted = defineTopic<Noted>({
  name: 'things.noted',
  schema: z.object({ source: z.string(), number: z.number().int() }),
  key: ({ source }) => source,
});

const read =
  (source: string) =>
  ({ number }: Readonly<Record<string, unknown>>): Noted | null =>
    number === null ? null : { source, number: number as number };

const source = (name: string, verify: Parameters<typeof defineWebhookSource>[0]['verify']) =>
  defineWebhookSource({ name, verify, topic: noted, read: read(name) });

/** Base64 of 24 to 64 bytes. */
export const partnerSecret = `whsec_${Buffer.alloc(32, 'partner').toString('base64')}`;
export const formerPartnerSecret = `whsec_${Buffer.alloc(32, 'former').toString('base64')}`;
export const textSecret = 'a secret of some length';

export const bigSource = defineWebhookSource({
  name: 'big',
  verify: standardWebhooks(env('PARTNER_SECRETS')),
  topic: noted,
  read: read('big'),
  bodyLimitBytes: 32 * 1024 * 1024,
});

const sources = [
  source('partner', standardWebhooks(env('PARTNER_SECRETS'))),
  source('github', githubWebhooks(env('GITHUB_SECRETS'))),
  source('stripe', stripeWebhooks(env('STRIPE_SECRETS'))),
  source('slack', slackWebhooks(env('SLACK_SECRETS'))),
  source(
    'plain',
    hmacWebhooks(env('PLAIN_SECRETS'), { header: 'x-signature', encoding: 'base64' }),
  ),
  bigSource,
  source('off', standardWebhooks(env('OFF_SECRETS'))),
];

export const secrets = {
  PARTNER_SECRETS: `${partnerSecret},${formerPartnerSecret}`,
  GITHUB_SECRETS: textSecret,
  STRIPE_SECRETS: textSecret,
  SLACK_SECRETS: textSecret,
  PLAIN_SECRETS: textSecret,
};

/** A server whose sources put what they hear on one topic, and what was heard there. */
export async function webhookServer(options: CreateServerOptions = {}) {
  const log: LoggedLine[] = [];
  const heard: Noted[] = [];
  let events: LiveEvents | undefined;
  const bff = defineBff({
    name: 'web',
    subschemas: [
      defineSubschema({
        backend: defineRestBackend({ name: 'things', endpoints: 'http://127.0.0.1:1' }),
        builder: makeExecutableSchema({
          typeDefs: 'type Query { hello: String }',
          resolvers: {
            Query: {
              hello: (_: unknown, __: unknown, context: { events: LiveEvents }) => {
                events = context.events;
                return 'hello';
              },
            },
          },
        }),
        topics: [noted],
        webhooks: sources,
      }),
    ],
  });
  const server = createServer(bff, {
    logger: listLogger(log),
    ...options,
    settings: { ...secrets, ...options.settings },
  });
  // The context is where a definition finds its running self.
  await server.fetch(
    new Request('http://test/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ hello }' }),
    }),
  );
  if (!events) throw new Error('there are no events');
  const stop = events.topics.listen(noted, ({ data }) => heard.push(data as Noted));
  const { url, adminUrl } = await server.listen();
  return {
    url: url.replace(/\/graphql$/, ''),
    adminUrl,
    events,
    heard,
    log,
    refusals: () => log.filter(({ message }) => message === 'webhook refused'),
    /** Sends a webhook; its status and body. */
    async send(path: string, body: string | Uint8Array, headers: Record<string, string> = {}) {
      const response = await fetch(`${url.replace(/\/graphql$/, '')}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: body as BodyInit,
      });
      return { status: response.status, text: await response.text(), headers: response.headers };
    },
    async close() {
      stop();
      await server.close();
    },
  };
}
