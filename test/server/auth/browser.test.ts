import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { web } from '../../../bff-web/bff.ts';
import { listening, type ListeningServer, type Protected, startProtected } from './example.ts';
import { loginCookie, sessionCookie, webAuth } from './web.ts';

const executablePath = '/usr/bin/chromium';
const hasChromium = existsSync(executablePath);

test('a Chromium is here to log in with', () => {
  if (!hasChromium) console.warn(`nobody logged in with a browser: there is no ${executablePath}`);
  expect(hasChromium || process.env['CI'] !== 'true').toBe(true);
});

describe.runIf(hasChromium)('a login in a browser', () => {
  let example: Protected;
  let server: ListeningServer;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const problems: string[] = [];
  const foreign = new Set<string>();

  beforeAll(async () => {
    example = await startProtected();
    server = await listening(web, webAuth(), example.settings);
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    context = await browser.newContext({ viewport: { width: 900, height: 700 } });
    page = await context.newPage();
    page.on('request', (request) => {
      const { origin } = new URL(request.url());
      if (![server.origin, example.issuer, 'null'].includes(origin)) foreign.add(origin);
    });
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await example?.close();
  });

  const screenshot = async (name: string) => {
    const folder = process.env['SCREENSHOTS'];
    if (folder) await page.screenshot({ path: `${folder}/${name}.png` });
  };

  test('shows pages, ours and the provider’s, that follow the dark mode and need no icon', async () => {
    const scheme = 'getComputedStyle(document.documentElement).colorScheme';
    const look = async () => [
      await page.evaluate(scheme),
      await page.evaluate('getComputedStyle(document.body).color'),
      await page.locator('link[rel=icon]').getAttribute('href', { timeout: 1_000 }),
    ];
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.goto(server.origin);
    expect(await look()).toEqual(['light dark', 'rgb(255, 255, 255)', 'data:,']);
    await page.getByRole('link', { name: 'Log in' }).click();
    await page.getByLabel('Traveller').waitFor();
    expect(await look()).toEqual(['light dark', 'rgb(255, 255, 255)', 'data:,']);
    await screenshot('login-0-dark');
    await page.emulateMedia({ colorScheme: null });
  });

  test('goes from the page to the provider and back', async () => {
    await page.goto(server.origin);
    await page.getByText('Nobody is logged in').waitFor();
    await screenshot('login-1-page');
    await page.getByRole('link', { name: 'Log in' }).click();
    await page.getByLabel('Traveller').selectOption('grace');
    await page.getByLabel('Password').fill('sandbox');
    await screenshot('login-2-provider');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('Logged in as Grace Hopper').waitFor();
    expect(page.url()).toBe(`${server.origin}/`);
  });

  test('keeps a cookie that no script sees, over plain HTTP on this machine', async () => {
    const cookies = await context.cookies(server.origin);
    const ours = cookies.filter(({ name }) => name.startsWith('__Host-'));
    expect(ours).toMatchObject([
      {
        name: sessionCookie,
        path: '/',
        secure: true,
        httpOnly: true,
        sameSite: 'Strict',
        expires: -1,
      },
    ]);
    expect(ours.map(({ name }) => name)).not.toContain(loginCookie);
    expect(await page.evaluate('document.cookie')).toBe('');
    expect(await page.evaluate('JSON.stringify([localStorage, sessionStorage])')).toBe('[{},{}]');
  });

  test('asks as the traveller', async () => {
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.locator('#answer').getByText('"Grace Hopper"').waitFor();
    await screenshot('login-3-answer');
  });

  test('asks as the traveller in GraphiQL as well', async () => {
    await page.goto(server.url);
    await page.locator('.graphiql-query-editor .view-line').first().waitFor();
    await page.getByRole('button', { name: /Execute query/ }).click();
    await page.locator('.graphiql-response').getByText('"data"').waitFor();
    await page.goto(server.origin);
  });

  test('ends here and at the provider', async () => {
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByText('Log out of the identity provider as well?').waitFor();
    await screenshot('login-4-logout');
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByText('Nobody is logged in').waitFor();
    expect(page.url()).toBe(`${server.origin}/`);
    const cookies = await context.cookies(server.origin);
    expect(cookies.filter(({ name }) => name.startsWith('__Host-'))).toEqual([]);
    await page.getByRole('link', { name: 'Log in' }).click();
    await page.getByLabel('Password').waitFor(); // no way in without the password
  });

  test('breaks no rule of its own policy, and loads nothing from elsewhere', () => {
    expect(problems).toEqual([]);
    expect([...foreign]).toEqual([]);
  });
});
