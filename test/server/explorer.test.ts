import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stubServer } from '../support/stub-server.ts';

const executablePath = '/usr/bin/chromium';
const hasChromium = existsSync(executablePath);

const server = stubServer({
  examples: [
    {
      name: 'Hello',
      source: 'query Hello($name: String) {\n  hello(name: $name)\n}\n',
      variables: '{\n  "name": "Ada"\n}',
    },
    { name: 'Ticks', source: 'subscription Ticks {\n  ticks(to: 4)\n}\n' },
    {
      name: 'Deferred',
      source: 'query Deferred {\n  hello\n  ... @defer {\n    requestId\n  }\n}\n',
    },
  ],
});

test('a Chromium is here to drive the explorer', () => {
  if (!hasChromium) console.warn(`the explorer was not driven: there is no ${executablePath}`);
  expect(hasChromium || process.env['CI'] !== 'true').toBe(true);
});

describe.runIf(hasChromium)('the explorer in a browser', () => {
  let browser: Browser;
  let page: Page;
  const foreign: string[] = [];
  const problems: string[] = [];

  beforeAll(async () => {
    const { url } = await server.listen();
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on('request', (request) => {
      if (/^(?:data|blob):/.test(request.url())) return;
      if (!request.url().startsWith(new URL(url).origin)) foreign.push(request.url());
    });
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(url);
    await page.getByRole('tab', { name: 'Hello' }).waitFor();
    await page.locator('.graphiql-query-editor .view-line').first().waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await server.close();
  });

  const answer = () => page.locator('.graphiql-response');
  const screenshot = async (name: string) => {
    const folder = process.env['SCREENSHOTS'];
    if (folder) await page.screenshot({ path: `${folder}/${name}.png` });
  };

  test('is titled by the bff and opens its examples in tabs', async () => {
    expect(await page.title()).toBe('stub · GraphiQL');
    expect(await page.getByRole('tab').allInnerTexts()).toEqual(['Hello', 'Ticks', 'Deferred']);
    await screenshot('opened');
  });

  test('runs a query with its variables', async () => {
    await page.getByRole('button', { name: /Execute query/ }).click();
    await answer().getByText('"hello Ada"').waitFor();
    await screenshot('query');
  });

  test('shows the docs of the schema', async () => {
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    const docs = page.locator('.graphiql-doc-explorer');
    await docs.getByRole('link', { name: 'Query' }).click();
    await docs.getByText('Says hello to a name.').waitFor();
    await screenshot('docs');
    await page.getByRole('button', { name: 'Hide Documentation Explorer' }).click();
  });

  test('shows the events of a subscription', async () => {
    await page.getByRole('tab', { name: 'Ticks' }).click();
    await page.getByRole('button', { name: /Execute query/ }).click();
    await answer().getByText('"ticks"').waitFor();
    await answer().locator('.view-line', { hasText: '4' }).waitFor();
    await screenshot('subscription');
  });

  test('fills in deferred fields', async () => {
    await page.getByRole('tab', { name: 'Deferred' }).click();
    await page.getByRole('button', { name: /Execute query/ }).click();
    await answer().getByText('"requestId"').waitFor();
    await screenshot('deferred');
  });

  test('sends no request to another host and breaks no rule of its own policy', () => {
    expect(foreign).toEqual([]);
    expect(problems).toEqual([]);
  });
});
