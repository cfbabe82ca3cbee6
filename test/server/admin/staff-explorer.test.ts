import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registeredOperations } from '../../../src/server/admission/registered-operations.ts';
import { staffCookie } from '../../../src/server/admin/staff-auth.ts';
import { hasChromium } from '../../support/explorer-page.ts';
import { stubServer } from '../../support/stub-server.ts';

const token = 'a token of at least thirty-two characters';
const registered = registeredOperations([{ file: 'x', operations: { a: '{ __typename }' } }]);
const production = {
  environment: 'production',
  persistedOnly: true,
  registered,
  drain: { acceptMs: 0 },
} as const;

const server = stubServer({
  ...production,
  adminToken: token,
  examples: [{ name: 'Hello', source: 'query Hello { hello }' }],
});
const closed = stubServer(production);
const urls = { admin: '', closed: '', public: '' };

beforeAll(async () => {
  const { url, adminUrl } = await server.listen();
  Object.assign(urls, {
    admin: `${adminUrl}/graphql`,
    public: url,
    closed: `${(await closed.listen()).adminUrl}/graphql`,
  });
});
afterAll(() => Promise.all([server.close(), closed.close()]));

const bearer = { authorization: `Bearer ${token}` };
const html = { accept: 'text/html' };
const ask = (query: string, headers: Record<string, string>, url = urls.admin) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
const logIn = (given: string, headers: Record<string, string> = {}) =>
  fetch(`${urls.admin}/login`, {
    method: 'POST',
    headers,
    body: new URLSearchParams({ token: given }),
    redirect: 'manual',
  });
async function cookieOf(given: string): Promise<string> {
  const [cookie = ''] = (await logIn(given)).headers.getSetCookie();
  return cookie.split(';')[0] ?? '';
}

describe('in production, staff on the admin port', () => {
  test('run what is not registered, and see the schema', async () => {
    const answer = await ask('{ hello __schema { queryType { name } } }', bearer);
    expect(await answer.json()).toEqual({
      data: { hello: 'hello world', __schema: { queryType: { name: 'Query' } } },
    });
    const outside = await ask('{ hello }', bearer, urls.public);
    expect(await outside.json()).toMatchObject({
      errors: [{ extensions: { code: 'PERSISTED_ONLY' } }],
    });
  });

  test('are under the same limits, and see the same masks', async () => {
    const code = async (query: string) =>
      ((await (await ask(query, bearer)).json()) as { errors: { extensions: object }[] }).errors;
    expect(await code(`{ ${'node { '.repeat(11)} id ${'}'.repeat(11)} }`)).toMatchObject([
      { message: 'This operation asks for too much.', extensions: { code: 'COST_LIMIT_EXCEEDED' } },
    ]);
    expect(await code('{ fails(how: BUG) }')).toMatchObject([
      { message: 'Something went wrong on our side.' },
    ]);
  });

  test('are in the log with every operation', async () => {
    server.log.length = 0;
    await (await ask('query Look { hello }', bearer)).text();
    expect(server.log).toMatchObject([
      { message: 'operation', fields: { transport: 'staff', operation: { name: 'Look' } } },
    ]);
  });

  test('get the page for their token, by a cookie that no script and no other site sees', async () => {
    expect((await fetch(urls.admin, { headers: html })).status).toBe(401);
    const answer = await logIn(token);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/graphql']);
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-tailorbird-staff=[\w-]+; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=28800$/,
      ),
    ]);
    expect(answer.headers.getSetCookie().join()).not.toContain(token);
    const cookie = await cookieOf(token);
    const page = await fetch(urls.admin, { headers: { ...html, cookie } });
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('stub · GraphiQL');
    expect((await ask('{ hello }', { cookie })).status).toBe(200);
  });
});

describe('nobody else on the admin port', () => {
  const credentials: readonly (readonly [string, () => Promise<Record<string, string>>])[] = [
    ['nothing', async () => ({})],
    ['another token', async () => ({ authorization: `Bearer ${token.replace('a', 'b')}` })],
    ['half the token', async () => ({ authorization: `Bearer ${token.slice(0, 20)}` })],
    ['no scheme', async () => ({ authorization: token })],
    ['the token in a cookie', async () => ({ cookie: `${staffCookie}=${token}` })],
    ['a made-up cookie', async () => ({ cookie: `${staffCookie}=${'a'.repeat(60)}` })],
    ['a cookie under another name', async () => ({ cookie: (await cookieOf(token)).slice(7) })],
    [
      'a wrong token beside a good cookie',
      async () => ({ cookie: await cookieOf(token), authorization: 'Bearer no' }),
    ],
    [
      'a good cookie from a foreign page',
      async () => ({ cookie: await cookieOf(token), origin: 'https://evil.example' }),
    ],
    [
      'a good cookie from a sister site',
      async () => ({ cookie: await cookieOf(token), 'sec-fetch-site': 'same-site' }),
    ],
    ['the token from a foreign page', async () => ({ ...bearer, origin: 'https://evil.example' })],
  ];

  test.each(credentials)('gets in with %s', async (_name, headersOf) => {
    const headers = await headersOf();
    const status = 'origin' in headers || 'sec-fetch-site' in headers ? 403 : 401;
    for (const response of [
      await ask('{ hello }', headers),
      await fetch(`${urls.admin}?query={__typename}`, { headers }),
      await fetch(urls.admin, { headers: { ...html, ...headers } }),
      await fetch(urls.admin, { headers: { accept: 'text/event-stream', ...headers } }),
    ]) {
      expect(response.status).toBe(status);
      expect(await response.text()).not.toMatch(/"data"|GraphiQL/);
    }
  });

  test('gets a cookie for a wrong token, which is logged without it', async () => {
    server.log.length = 0;
    const answer = await logIn('guessed');
    expect(answer.status).toBe(401);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(server.log).toMatchObject([{ level: 'warn', message: 'staff not let in' }]);
    expect(JSON.stringify(server.log)).not.toContain('guessed');
    expect((await logIn(token, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await logIn('x'.repeat(5_000))).status).toBe(413);
  });

  test('finds an explorer where there is no token, or on the public port', async () => {
    expect((await fetch(urls.closed, { headers: html })).status).toBe(404);
    expect((await ask('{ hello }', bearer, urls.closed)).status).toBe(405);
    const page = await fetch(urls.public, { headers: { ...html, cookie: await cookieOf(token) } });
    expect(page.status).toBe(406);
  });
});

describe.runIf(hasChromium)('in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
    });
  });
  afterAll(() => browser?.close());

  test('staff log in with their token and run a query', async () => {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(urls.admin);
    await page.getByLabel('Token').fill('guessed');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText('That is not the token.').waitFor();
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.locator('.graphiql-query-editor .view-line').first().waitFor();
    await page.getByRole('button', { name: /Execute query/ }).click();
    await page.locator('.graphiql-response').getByText('"hello world"').waitFor();
    expect(problems).toEqual([]);
  });
});
