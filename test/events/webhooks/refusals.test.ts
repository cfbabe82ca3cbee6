import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../load/redis.ts';
import { githubSigned, standardSigned } from './signers.ts';
import { partnerSecret, textSecret, webhookServer } from './webhook-server.ts';

let server: Awaited<ReturnType<typeof webhookServer>>;
beforeAll(async () => {
  server = await webhookServer();
});
afterAll(() => server.close());

const seconds = (ago: number) => new Date(Date.now() - ago * 1_000);

describe('a refusal tells the sender nothing, and the log why', () => {
  const body = '{"number":-1}';
  const signed = (at = seconds(0)) => standardSigned(partnerSecret, 'msg_refused', body, at);
  const other = `whsec_${Buffer.alloc(32, 'other').toString('base64')}`;
  const cases: [
    string,
    number,
    string,
    () => [string, string | Uint8Array, Record<string, string>],
  ][] = [
    ['no signature', 401, 'missing or malformed', () => ['partner', body, {}]],
    [
      'the signature of another secret',
      401,
      'its signature is wrong',
      () => ['partner', body, standardSigned(other, 'msg_refused', body)],
    ],
    [
      'a body that was changed',
      401,
      'its signature is wrong',
      () => ['partner', '{"number":-2}', signed()],
    ],
    [
      'an id that was changed',
      401,
      'its signature is wrong',
      () => ['partner', body, { ...signed(), 'webhook-id': 'msg_other' }],
    ],
    [
      'a time that was changed',
      401,
      'its signature is wrong',
      () => [
        'partner',
        body,
        { ...signed(seconds(400)), 'webhook-timestamp': signed()['webhook-timestamp'] ?? '' },
      ],
    ],
    [
      'five minutes and more old',
      401,
      's ago, more than 300 s',
      () => ['partner', body, signed(seconds(302))],
    ],
    ['from the future', 401, 'ahead of our clock', () => ['partner', body, signed(seconds(-302))]],
    [
      'the signature of another scheme',
      401,
      'missing or malformed',
      () => ['partner', body, githubSigned(textSecret, body)],
    ],
    [
      'signed, but no object',
      400,
      'no JSON object',
      () => ['partner', '[1]', standardSigned(partnerSecret, 'msg_list', '[1]')],
    ],
    [
      'signed, but no JSON',
      400,
      'no JSON object',
      () => ['partner', '{', standardSigned(partnerSecret, 'msg_half', '{')],
    ],
    [
      'signed, but not as the topic’s schema has it',
      422,
      'breaks its schema: number: ',
      () => [
        'partner',
        '{"number":"1"}',
        standardSigned(partnerSecret, 'msg_text', '{"number":"1"}'),
      ],
    ],
    ['nobody’s', 404, 'no source', () => ['nobody', body, signed()]],
    ['a source without secrets', 404, 'no source', () => ['off', body, signed()]],
    ['a path below', 404, 'no source', () => ['partner/more', body, signed()]],
    [
      'compressed',
      415,
      'compressed',
      () => ['partner', body, { ...signed(), 'content-encoding': 'gzip' }],
    ],
    [
      'too large',
      413,
      'longer than 262144 bytes',
      () => ['partner', 'x'.repeat(300_000), signed()],
    ],
  ];
  test.each(cases)('%s', async (_, status, why, sent) => {
    const lines = server.refusals().length;
    const events = server.heard.length;
    const [source, text, headers] = sent();
    const answer = await server.send(`/webhooks/${source}`, text, headers);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toEqual({ error: expect.stringMatching(/^[A-Z].{10,60}\.$/) });
    expect(answer.text).not.toMatch(/signature|secret|schema|bytes|\d{2}/);
    expect(server.refusals()).toHaveLength(lines + 1);
    const fields = server.refusals().at(-1)?.fields ?? {};
    expect(fields).toMatchObject({ bff: 'web', status, source: source.slice(0, 64) });
    expect(fields['why']).toContain(why);
    expect(fields['requestId']).toBe(answer.headers.get('x-request-id'));
    expect(JSON.stringify(fields)).not.toContain(partnerSecret.slice(6, 30));
    expect(server.heard).toHaveLength(events);
  });

  test('GET', async () => {
    const answer = await fetch(`${server.url}/webhooks/partner`);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('POST');
  });

  test('what was refused can still be sent right', async () => {
    const body = '{"number":7}';
    const headers = standardSigned(partnerSecret, 'msg_right', body);
    const forged = { ...headers, 'webhook-signature': `v1,${'A'.repeat(43)}=` };
    expect((await server.send('/webhooks/partner', body, forged)).status).toBe(401);
    expect((await server.send('/webhooks/partner', body, headers)).status).toBe(204);
    await until('the event', () => server.heard.some(({ number }) => number === 7));
  });
});

test('every webhook passes the gate that other requests pass', async () => {
  const limited = await webhookServer({
    rateLimit: true,
    limits: { addressRequests: 3, addressRequestsPerSecond: 0.001 },
  });
  const statuses: number[] = [];
  for (let sent = 0; sent < 4; sent += 1) {
    statuses.push((await limited.send('/webhooks/partner', '{}')).status);
  }
  await limited.close();
  expect(statuses).toEqual([401, 401, 401, 429]);
});

test('a body in chunks of a few bytes is refused before it costs much, whoever sends it', async () => {
  const { hostname, port } = new URL(server.url);
  const before = server.refusals().length;
  const head = [
    'POST /webhooks/plain HTTP/1.1',
    `host: ${hostname}`,
    'content-type: application/json',
    `x-signature: ${Buffer.alloc(32).toString('base64')}`,
    'transfer-encoding: chunked',
  ];
  const answer = await new Promise<string>((resolve) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => {
      socket.write(`${head.join('\r\n')}\r\n\r\n${'1\r\nx\r\n'.repeat(20_000)}`);
    });
    socket.on('data', (data) => {
      text += data;
    });
    // Who goes on like that is cut.
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  const refusals = server.refusals().slice(before);
  expect(refusals.map(({ fields }) => fields['why'])).toEqual([
    'it comes in 1001 chunks of a few bytes each',
  ]);
});
