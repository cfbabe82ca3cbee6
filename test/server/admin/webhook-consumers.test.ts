import { request } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { consumerEndpoint } from '../../events/webhooks/consumer-endpoint.ts';
import { noted, webhookServer } from '../../events/webhooks/webhook-server.ts';
import { until } from '../../load/redis.ts';

type Server = Awaited<ReturnType<typeof webhookServer>>;

let server: Server;
beforeAll(async () => {
  server = await webhookServer({ settings: { WEBHOOKS_TO_LOOPBACK: 'on' } });
});
afterAll(() => server.close());

interface Body {
  readonly [name: string]: unknown;
}

async function ask(
  { adminUrl }: Server,
  method: string,
  path: string,
  input?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Body }> {
  // node:http: a `fetch` says that it is a browser.
  return new Promise((resolve, reject) => {
    const asking = request(
      `${adminUrl}/webhooks/consumers${path}`,
      { method, headers },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: text === '' ? {} : (JSON.parse(text) as Body),
          }),
        );
      },
    );
    asking.on('error', reject);
    asking.end(input === undefined ? undefined : JSON.stringify(input));
  });
}

test('a consumer is registered, told, listed with its log, told again, and removed', async () => {
  const endpoint = await consumerEndpoint();
  const added = await ask(server, 'POST', '', {
    url: endpoint.url,
    topics: ['things.noted'],
    description: 'the partner’s warehouse',
  });
  expect(added.status).toBe(201);
  const { id, secret } = added.body as { id: string; secret: string };
  expect(added.body).toMatchObject({
    id: expect.stringMatching(/^con_[\da-f]{24}$/),
    secret: expect.stringMatching(/^whsec_.{44}$/),
    disabledAt: null,
    pending: 0,
  });

  await noted.publish({ events: server.events }, { source: 'us', number: 7 });
  await until('it is told', () => endpoint.received.length === 1);
  const { body = '', headers } = endpoint.received[0] ?? {};
  expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({
    type: 'things.noted',
    data: { source: 'us', number: 7 },
  });

  const listed = await ask(server, 'GET', '');
  expect(listed.body).toMatchObject({
    consumers: [{ id, description: 'the partner’s warehouse' }],
  });
  expect(JSON.stringify(listed.body)).not.toContain('whsec_');
  await until('it is noted', () => server.events.webhooks.outgoing.consumer(id)?.pending === 0);
  const log = await ask(server, 'GET', `/${id}/log?first=1`);
  expect(log.body).toMatchObject({
    deliveries: [
      { topic: 'things.noted', status: 'delivered', attempts: [{ status: 204, problem: null }] },
    ],
    before: 1,
  });
  expect((await ask(server, 'GET', `/${id}/log?before=1`)).body).toEqual({
    deliveries: [],
    before: null,
  });

  expect((await ask(server, 'POST', `/${id}/replay`)).body).toEqual({ replayed: 0 });
  const again = await ask(server, 'POST', `/${id}/replay`, { status: 'all', since: '2020-01-01' });
  expect(again.body).toEqual({ replayed: 1 });
  await until('it is told again', () => endpoint.received.length === 2);

  const disabled = await ask(server, 'POST', `/${id}/disable`, { note: 'moves house' });
  expect(disabled.body).toMatchObject({ note: 'moves house', disabledAt: expect.any(String) });
  expect((await ask(server, 'POST', `/${id}/enable`)).body).toMatchObject({ disabledAt: null });
  const rotated = await ask(server, 'POST', `/${id}/secret`);
  expect(rotated.body['secret']).not.toBe(secret);

  expect((await ask(server, 'DELETE', `/${id}`)).status).toBe(204);
  expect((await ask(server, 'GET', `/${id}`)).status).toBe(404);
  expect(
    server.log.filter(({ message }) => message === 'admin').map(({ fields }) => fields['method']),
  ).toContain('DELETE');
});

describe('what makes no sense is told', () => {
  test.each([
    [{}, 'topics: expected a list of names'],
    [{ topics: ['things.noted'] }, 'url: expected where webhooks go'],
    [{ topics: [], url: 'https://example.com/' }, 'topics: expected at least one'],
    [
      { topics: ['things.note'], url: 'https://example.com/' },
      'topics: there is no topic "things.note"; there are things.noted. Did you mean "things.noted"?',
    ],
    [{ topics: ['things.noted'], url: 'http://10.0.0.1/' }, 'url: expected https'],
    [
      { topics: ['things.noted'], url: 'https://169.254.169.254/' },
      'url: 169.254.169.254 is no address of the public internet',
    ],
    [[], 'the body must be a JSON object'],
  ])('%j', async (input, error) => {
    expect(await ask(server, 'POST', '', input)).toEqual({ status: 422, body: { error } });
  });

  test('paths and methods', async () => {
    expect((await ask(server, 'GET', '/con_nobody')).status).toBe(404);
    expect((await ask(server, 'PUT', '')).status).toBe(405);
    expect((await ask(server, 'GET', '/a/b/c')).status).toBe(404);
  });
});

describe('who may', () => {
  test('no page in a browser, whatever its origin', async () => {
    const pages: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: new URL(server.adminUrl).origin },
      { 'sec-fetch-site': 'same-origin' },
    ];
    for (const headers of pages) {
      expect((await ask(server, 'GET', '', undefined, headers)).status).toBe(403);
    }
  });

  test('in production nobody without ADMIN_TOKEN, and with it who sends it', async () => {
    const production = {
      environment: 'production',
      persistedOnly: false,
      rateLimit: false,
      drain: { acceptMs: 0 },
    } as const;
    const closed = await webhookServer(production);
    onTestFinished(() => closed.close());
    expect(await ask(closed, 'GET', '')).toEqual({
      status: 403,
      body: { error: 'set ADMIN_TOKEN to allow this in production' },
    });

    const token = 'a token of thirty-two characters.';
    const open = await webhookServer({ ...production, settings: { ADMIN_TOKEN: token } });
    onTestFinished(() => open.close());
    expect((await ask(open, 'GET', '')).status).toBe(401);
    expect((await ask(open, 'GET', '', undefined, { authorization: 'Bearer wrong' })).status).toBe(
      401,
    );
    const right = await ask(open, 'GET', '', undefined, { authorization: `Bearer ${token}` });
    expect(right).toEqual({ status: 200, body: { consumers: [] } });
    expect((await fetch(`${open.adminUrl}/livez`)).status).toBe(200);
  });

  test('webhooks to this machine stop the start in production', async () => {
    await expect(
      webhookServer({ environment: 'production', settings: { WEBHOOKS_TO_LOOPBACK: 'on' } }),
    ).rejects.toThrow(/WEBHOOKS_TO_LOOPBACK .* expected off in production/);
  });
});
