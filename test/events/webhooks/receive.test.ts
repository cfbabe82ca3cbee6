import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../load/redis.ts';
import { githubSigned, plainSigned, slackSigned, standardSigned, stripeSigned } from './signers.ts';
import {
  formerPartnerSecret,
  partnerSecret,
  secrets,
  textSecret,
  webhookServer,
} from './webhook-server.ts';

let server: Awaited<ReturnType<typeof webhookServer>>;
beforeAll(async () => {
  server = await webhookServer();
});
afterAll(() => server.close());

let count = 0;
const next = () => {
  count += 1;
  return {
    id: `msg_${count}`,
    body: JSON.stringify({ number: count, id: `evt_${count}`, event_id: `Ev${count}` }),
  };
};
const times = (number: number) => server.heard.filter((event) => event.number === number).length;
const heard = (number: number) => until(`event ${number}`, () => times(number) > 0);
const seconds = (ago: number) => new Date(Date.now() - ago * 1_000);

describe('a genuine webhook is acknowledged and heard once, however often it comes', () => {
  const presets: [string, (body: string, id: string, at: Date) => Record<string, string>][] = [
    ['partner', (body, id, at) => standardSigned(partnerSecret, id, body, at)],
    ['github', (body) => githubSigned(textSecret, body)],
    ['stripe', (body, _, at) => stripeSigned(textSecret, body, at)],
    ['slack', (body, _, at) => slackSigned(textSecret, body, at)],
    ['plain', (body) => plainSigned(textSecret, body)],
  ];
  test.each(presets)('%s', async (source, sign) => {
    const { id, body } = next();
    const number = count;
    const first = await server.send(`/webhooks/${source}`, body, sign(body, id, seconds(0)));
    expect(first).toMatchObject({ status: 204, text: '' });
    await heard(number);
    const again = await Promise.all([
      server.send(`/webhooks/${source}`, body, sign(body, id, seconds(0))),
      server.send(`/webhooks/${source}`, body, sign(body, id, seconds(10))),
      server.send(`/webhooks/${source}`, body, {
        ...sign(body, id, seconds(20)),
        'x-github-delivery': 'another',
      }),
    ]);
    expect(again.map(({ status }) => status)).toEqual([204, 204, 204]);
    const after = next();
    await server.send(`/webhooks/${source}`, after.body, sign(after.body, after.id, seconds(0)));
    await heard(count);
    expect(times(number)).toBe(1);
    expect(server.heard.find((event) => event.number === number)?.source).toBe(source);
  });

  test('two at once have one effect', async () => {
    const { id, body } = next();
    const number = count;
    const both = [1, 2, 3, 4].map(() =>
      server.send('/webhooks/partner', body, standardSigned(partnerSecret, id, body)),
    );
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([204, 204, 204, 204]);
    await heard(number);
    expect(times(number)).toBe(1);
  });

  test('signed with either of two secrets while they rotate', async () => {
    const { id, body } = next();
    const headers = standardSigned(formerPartnerSecret, id, body);
    expect((await server.send('/webhooks/partner', body, headers)).status).toBe(204);
    await heard(count);
  });

  test('the same id of another source is another webhook', async () => {
    const { id, body } = next();
    const headers = standardSigned(partnerSecret, id, body);
    await server.send('/webhooks/partner', body, headers);
    await server.send('/webhooks/big', body, headers);
    await until('both', () => times(count) === 2);
  });

  test('one of no interest is acknowledged and goes nowhere', async () => {
    const headers = standardSigned(partnerSecret, 'quiet', '{"number":null}');
    expect((await server.send('/webhooks/partner', '{"number":null}', headers)).status).toBe(204);
  });

  test('Slack hears its challenge, once it has proven itself', async () => {
    const body = JSON.stringify({ type: 'url_verification', challenge: 'abc' });
    const proven = await server.send('/webhooks/slack', body, slackSigned(textSecret, body));
    expect(proven).toMatchObject({ status: 200, text: 'abc' });
    expect(proven.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect((await server.send('/webhooks/slack', body)).status).toBe(401);
  });

  test('a form is read as well as JSON', async () => {
    const form = 'number=no&event_id=Ev-form';
    const headers = {
      ...slackSigned(textSecret, form),
      'content-type': 'application/x-www-form-urlencoded',
    };
    expect((await server.send('/webhooks/slack', form, headers)).status).toBe(422);
    expect(server.refusals().at(-1)?.fields['why']).toContain('number: ');
  });
});

describe('25 MB', () => {
  const pad = 'x'.repeat(25_000_000);

  test('where it is allowed: genuine ones are heard, forged ones are not', async () => {
    const { id } = next();
    const body = JSON.stringify({ number: count, pad });
    const headers = standardSigned(partnerSecret, id, body);
    expect((await server.send('/webhooks/big', body.replace('x', 'y'), headers)).status).toBe(401);
    expect((await server.send('/webhooks/big', body, headers)).status).toBe(204);
    await heard(count);
  });

  test('where it is not: refused before it is there, announced or not', async () => {
    const headers = standardSigned(partnerSecret, 'msg_big', '{}');
    expect((await server.send('/webhooks/partner', pad, headers)).status).toBe(413);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sending = request(`${server.url}/webhooks/partner`, { method: 'POST', headers });
      sending.on('response', (response) => {
        resolve(response.statusCode);
        sending.destroy();
      });
      sending.on('error', reject);
      // Never ends: it is answered all the same.
      sending.write(pad.slice(0, 300_000));
    });
    expect(status).toBe(413);
  });
});

test('a sender that leaves half way leaves nothing behind', async () => {
  const { id, body } = next();
  const number = count;
  const headers = standardSigned(partnerSecret, id, body);
  const sending = request(`${server.url}/webhooks/partner`, {
    method: 'POST',
    headers: { ...headers, 'content-length': body.length },
  });
  sending.on('error', () => {});
  sending.write(body.slice(0, 5));
  await new Promise((resolve) =>
    sending.once('socket', (socket) => socket.once('connect', resolve)),
  );
  sending.destroy();
  expect((await server.send('/webhooks/partner', body, headers)).status).toBe(204);
  await heard(number);
});

test('a source that has no secret is named when the server starts', async () => {
  const quiet = await webhookServer();
  await quiet.close();
  expect(quiet.log.map(({ message }) => message)).toContain(
    'webhook source "off" is off: OFF_SECRETS is not set',
  );
});

test('a malformed secret stops the start', async () => {
  await expect(
    webhookServer({ settings: { ...secrets, PARTNER_SECRETS: 'whsec_short' } }),
  ).rejects.toThrow(/PARTNER_SECRETS .* is malformed: expected whsec_ and 24 to 64 bytes/);
});
