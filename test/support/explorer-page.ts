import { existsSync } from 'node:fs';
import { chromium, type Locator, type Page } from 'playwright-core';

const executablePath = '/usr/bin/chromium';

/** Whether a Chromium can be driven here; under CI it has to be. */
export const hasChromium = existsSync(executablePath);
if (!hasChromium) {
  if (process.env['CI'] === 'true') throw new Error(`CI has to have ${executablePath}`);
  console.warn(`the explorer is not driven: there is no ${executablePath}`);
}

export interface ExplorerPage extends AsyncDisposable {
  readonly page: Page;
  /** The pane that shows the answer. */
  readonly answer: Locator;
  /** Requests to anywhere but the explorer's own origin. */
  readonly foreign: readonly string[];
  /** Errors of the page and its console. */
  readonly problems: readonly string[];
  openTab(name: string): Promise<void>;
  run(): Promise<void>;
  /** A picture, when SCREENSHOTS names a folder for it. */
  screenshot(name: string): Promise<void>;
}

/** Opens the explorer at `url` in headless Chromium, with its first tab ready. */
export async function openExplorer(url: string): Promise<ExplorerPage> {
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const foreign: string[] = [];
  const problems: string[] = [];
  page.on('request', (request) => {
    if (/^(?:data|blob):/.test(request.url())) return;
    if (!request.url().startsWith(new URL(url).origin)) foreign.push(request.url());
  });
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(error.message));
  const schema = page.waitForResponse((response) => response.request().method() === 'POST');
  await page.goto(url);
  await schema;
  await page.getByRole('tab').first().waitFor();
  await page.locator('.graphiql-query-editor .view-line').first().waitFor();
  const folder = process.env['SCREENSHOTS'];
  return {
    page,
    answer: page.locator('.graphiql-response'),
    foreign,
    problems,
    async openTab(name) {
      await page.getByRole('tab', { name, exact: true }).click();
      await page
        .locator('.graphiql-query-editor .view-line', { hasText: new RegExp(`\\b${name}\\b`) })
        .first()
        .waitFor();
    },
    run: () => page.getByRole('button', { name: /Execute query/ }).click(),
    screenshot: async (name) => {
      if (folder) await page.screenshot({ path: `${folder}/${name}.png` });
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}
