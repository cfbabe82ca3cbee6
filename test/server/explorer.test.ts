import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ExplorerPage, hasChromium, openExplorer } from '../support/explorer-page.ts';
import { stubServer } from '../support/stub-server.ts';

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

describe.runIf(hasChromium)('the explorer in a browser', () => {
  let explorer: ExplorerPage;

  beforeAll(async () => {
    const { url } = await server.listen();
    explorer = await openExplorer(url);
  });
  afterAll(async () => {
    await explorer?.[Symbol.asyncDispose]();
    await server.close();
  });

  test('is titled by the bff and opens its examples in tabs', async () => {
    expect(await explorer.page.title()).toBe('stub · GraphiQL');
    expect(await explorer.page.getByRole('tab').allInnerTexts()).toEqual([
      'Hello',
      'Ticks',
      'Deferred',
    ]);
    await explorer.screenshot('opened');
  });

  test('runs a query with its variables', async () => {
    await explorer.run();
    await explorer.answer.getByText('"hello Ada"').waitFor();
    await explorer.screenshot('query');
  });

  test('shows the docs of the schema', async () => {
    await explorer.page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    const docs = explorer.page.locator('.graphiql-doc-explorer');
    await docs.getByRole('link', { name: 'Query' }).click();
    await docs.getByText('Says hello to a name.').waitFor();
    await explorer.screenshot('docs');
    await explorer.page.getByRole('button', { name: 'Hide Documentation Explorer' }).click();
  });

  test('shows the events of a subscription', async () => {
    await explorer.openTab('Ticks');
    await explorer.run();
    await explorer.answer.getByText('"ticks"').waitFor();
    await explorer.answer.locator('.view-line', { hasText: '4' }).waitFor();
    await explorer.screenshot('subscription');
  });

  test('fills in deferred fields', async () => {
    await explorer.openTab('Deferred');
    await explorer.run();
    await explorer.answer.getByText('"requestId"').waitFor();
    await explorer.screenshot('deferred');
  });

  test('sends no request to another host and breaks no rule of its own policy', () => {
    expect(explorer.foreign).toEqual([]);
    expect(explorer.problems).toEqual([]);
  });
});
