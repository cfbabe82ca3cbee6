import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mobile } from '../../bff-mobile/bff.ts';
import { web } from '../../bff-web/bff.ts';
import { hasChromium, openExplorer } from '../support/explorer-page.ts';
import { serve, startExample } from './example.ts';

let example: Awaited<ReturnType<typeof startExample>>;
beforeAll(async () => {
  example = await startExample();
});
afterAll(() => example.close());

describe.runIf(hasChromium)('a frontend developer', { timeout: 60_000 }, () => {
  it('looks around in GraphiQL on web', async () => {
    const server = serve(web, example.settings);
    const { url } = await server.listen();
    {
      await using explorer = await openExplorer(url);
      expect(await explorer.page.title()).toBe('web · GraphiQL');

      await explorer.openTab('AirportPage');
      await explorer.run();
      await explorer.answer.getByText('"William B Hartsfield-Atlanta Intl"').waitFor();
      await explorer.screenshot('web-airport-page');

      await explorer.openTab('Departures');
      await explorer.run();
      await explorer.answer.getByText('"departures"').waitFor();
      await explorer.screenshot('web-departures');

      await explorer.openTab('DeferredPage');
      await explorer.run();
      await explorer.answer.getByText('"meanDelayMinutes"').waitFor();
      await explorer.screenshot('web-deferred');

      await explorer.page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
      const docs = explorer.page.locator('.graphiql-doc-explorer');
      await docs.getByRole('link', { name: 'Query', exact: true }).click();
      await docs.getByText('An airport as its page shows it').waitFor();
      await explorer.screenshot('web-docs');

      expect(explorer.foreign).toEqual([]);
      expect(explorer.problems).toEqual([]);
    }
    await server.close();
  });

  it('finds other fields on mobile', async () => {
    const server = serve(mobile, example.settings);
    const { url } = await server.listen();
    {
      await using explorer = await openExplorer(url);
      await explorer.run();
      await explorer.answer.locator('.view-line', { hasText: 'departureBoard' }).waitFor();
      await explorer.screenshot('mobile-departure-board');
      expect(explorer.problems).toEqual([]);
    }
    await server.close();
  });
});
