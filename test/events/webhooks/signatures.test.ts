import { describe, expect, test } from 'vitest';
import { env } from '../../../src/backend/setting.ts';
import { resolveSettings } from '../../../src/backend/settings.ts';
import { githubWebhooks } from '../../../src/events/webhooks/signatures/github.ts';
import { hmacWebhooks } from '../../../src/events/webhooks/signatures/hmac.ts';
import { secretsOf } from '../../../src/events/webhooks/signatures/secrets.ts';
import {
  SignatureCheck,
  type WebhookVerification,
} from '../../../src/events/webhooks/signatures/signature.ts';
import { slackWebhooks } from '../../../src/events/webhooks/signatures/slack.ts';
import { standardWebhooks } from '../../../src/events/webhooks/signatures/standard-webhooks.ts';
import { stripeWebhooks } from '../../../src/events/webhooks/signatures/stripe.ts';
import { standardSigned, stripeSigned } from './signers.ts';

const setting = env('SECRETS');
const verifies = (
  { scheme }: WebhookVerification,
  secret: string,
  body: string,
  headers: Record<string, string>,
) => {
  const claim = scheme.claim((name) => headers[name] ?? null);
  if (!claim) return 'no claim';
  const check = new SignatureCheck(scheme, [scheme.key(secret)], claim);
  for (const byte of Buffer.from(body)) check.update(Buffer.of(byte));
  return check.matches();
};

describe('what senders publish as an example', () => {
  test('GitHub', () => {
    const headers = {
      'x-hub-signature-256':
        'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    };
    const secret = "It's a Secret to Everybody";
    expect(verifies(githubWebhooks(setting), secret, 'Hello, World!', headers)).toBe(true);
    expect(verifies(githubWebhooks(setting), secret, 'Hello, World?', headers)).toBe(false);
  });

  test('Slack', () => {
    const body =
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
    const headers = {
      'x-slack-request-timestamp': '1531420618',
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    };
    const secret = '8f742231b10e8888abcd99yyyzzz85a5';
    expect(verifies(slackWebhooks(setting), secret, body, headers)).toBe(true);
    const later = { ...headers, 'x-slack-request-timestamp': '1531420619' };
    expect(verifies(slackWebhooks(setting), secret, body, later)).toBe(false);
  });
});

describe('several signatures in one header', () => {
  const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
  const other = `whsec_${Buffer.alloc(24, 2).toString('base64')}`;

  test('one that is right is enough, in any place, beside versions that are not known', () => {
    const right = standardSigned(secret, 'msg_1', '{}');
    const wrong = standardSigned(other, 'msg_1', '{}');
    const signature = `v1a,AAAA ${wrong['webhook-signature']} ${right['webhook-signature']}`;
    const headers = { ...right, 'webhook-signature': signature };
    expect(verifies(standardWebhooks(setting), secret, '{}', headers)).toBe(true);
    const asymmetric = right['webhook-signature']?.replace('v1,', 'v1a,') ?? '';
    const unknown = { ...right, 'webhook-signature': asymmetric };
    expect(verifies(standardWebhooks(setting), secret, '{}', unknown)).toBe('no claim');
  });

  test('Stripe: one for each secret, and never the one of version 0', () => {
    const right = stripeSigned('a secret of some length', '{}')['stripe-signature'] ?? '';
    const two = right.replace(',v1=', `,v1=${'0'.repeat(64)},v1=`);
    const check = (header: string) =>
      verifies(stripeWebhooks(setting), 'a secret of some length', '{}', {
        'stripe-signature': header,
      });
    expect(check(two)).toBe(true);
    expect(check(right.replace('v1=', 'v9=').replace(/v0=0+/, `v0=${right.slice(-64)}`))).toBe(
      'no claim',
    );
    expect(check(`t=1,${right}`)).toBe('no claim');
  });
});

describe('a claim is null', () => {
  const schemes: [string, WebhookVerification, Record<string, string>][] = [
    ['no headers', standardWebhooks(setting), {}],
    [
      'a time that is no number',
      standardWebhooks(setting),
      { ...standardSigned(`whsec_${'A'.repeat(32)}`, 'a', '{}'), 'webhook-timestamp': '1e9' },
    ],
    [
      'a line break in the id',
      standardWebhooks(setting),
      { ...standardSigned(`whsec_${'A'.repeat(32)}`, 'a', '{}'), 'webhook-id': 'a\nb' },
    ],
    ['a short signature', githubWebhooks(setting), { 'x-hub-signature-256': 'sha256=00' }],
    ['SHA-1', githubWebhooks(setting), { 'x-hub-signature-256': `sha1=${'0'.repeat(40)}` }],
    ['no label', hmacWebhooks(setting, { header: 'x-s', label: 'h=' }), { 'x-s': '0'.repeat(64) }],
  ];
  test.each(schemes)('%s', (_, { scheme }, headers) => {
    expect(scheme.claim((name) => headers[name] ?? null)).toBeNull();
  });
});

describe('secrets', () => {
  const read = (verify: WebhookVerification, text: string, production = false) =>
    resolveSettings({ it: secretsOf({ name: 'airline', verify }, production) }, { SECRETS: text })
      .it;
  const standard = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;

  test('one, or two while they rotate', () => {
    expect(read(standardWebhooks(setting), standard)).toHaveLength(1);
    expect(read(standardWebhooks(setting), `${standard}, ${standard}`)).toHaveLength(2);
    expect(() => read(standardWebhooks(setting), `${standard},${standard},${standard}`)).toThrow(
      'SECRETS (the Standard Webhooks secrets of webhook source "airline"; off when unset) is malformed: expected at most two secrets',
    );
  });

  test('weak or malformed ones stop the start, and are not shown', () => {
    const short = () => read(standardWebhooks(setting), 'whsec_c2hvcnQ=');
    expect(short).toThrow('expected whsec_ and 24 to 64 bytes in base64');
    expect(short).not.toThrow('c2hvcnQ');
    expect(() => read(githubWebhooks(setting), 'short')).toThrow('at least 16 characters');
    expect(() => read(githubWebhooks(setting), 'a secret of some length,')).toThrow('at least 16');
  });

  test('none: the source is off; the default of development is off in production, and refused when set', () => {
    const withDefault = githubWebhooks(env('SECRETS', 'known to every reader'));
    expect(read(withDefault, '')).toHaveLength(1);
    expect(read(withDefault, '', true)).toBeNull();
    expect(() => read(withDefault, 'known to every reader', true)).toThrow('a secret of your own');
    expect(read(githubWebhooks(setting), '')).toBeNull();
  });
});
