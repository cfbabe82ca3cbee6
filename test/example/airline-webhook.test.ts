import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createServer } from 'tailorbird';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { web } from '../../bff-web/bff.ts';
import { listLogger, type LoggedLine } from '../support/stub-server.ts';
import { startExample } from './example.ts';

const run = promisify(execFile);
const secret = `whsec_${Buffer.alloc(32, 'airline').toString('base64')}`;
const former = `whsec_${Buffer.alloc(32, 'before').toString('base64')}`;
const program = new URL('../../sandbox/airline/change-gate.ts', import.meta.url).pathname;

let example: Awaited<ReturnType<typeof startExample>>;
beforeAll(async () => {
  example = await startExample();
});
afterAll(() => example.close());

test('an airline changes a gate, also of a flight that is cached; nobody else does', async () => {
  const log: LoggedLine[] = [];
  const server = createServer(web, {
    settings: { ...example.settings, AIRLINE_WEBHOOK_SECRETS: `${secret},${former}` },
    logger: listLogger(log),
  });
  const { url } = await server.listen();
  const webhookUrl = new URL('/webhooks/airline', url).href;
  let at: Record<string, string> = { WEBHOOK_URL: webhookUrl, WEB_PORT: '1' };
  const changeGate = (key: string, ...change: string[]) =>
    run(process.execPath, [program, ...change], {
      env: {
        ...process.env,
        ...at,
        AIRLINE_WEBHOOK_SECRETS: key,
      },
    }).then(
      ({ stdout }) => stdout.trim(),
      (error: { readonly stderr: string }) => error.stderr.trim(),
    );
  /** As the client sees it; kept for a minute unless somebody says that it changed. */
  const gate = async () => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ flight(id: 20000) { gate } }"}',
    });
    const { data } = (await response.json()) as { data: { flight: { gate: string | null } } };
    return data.flight.gate;
  };
  const soon = { timeout: 2_000, interval: 20 };
  expect(await gate()).toBeNull();
  expect(await changeGate(secret, '20000', 'B12')).toBe(`taken by ${webhookUrl}`);
  await expect.poll(gate, soon).toBe('B12');
  at = { WEBHOOK_URL: '', WEB_PORT: new URL(url).port };
  expect(await changeGate(former, '20000', 'C7')).toBe(`taken by ${webhookUrl}`);
  await expect.poll(gate, soon).toBe('C7');

  const forged = `whsec_${Buffer.alloc(32, 'forger').toString('base64')}`;
  expect(await changeGate(forged, '20000', 'D1')).toContain(`refused by ${webhookUrl} with 401`);
  expect(await changeGate(secret, '20000', 'nowhere')).toContain(
    `refused by ${webhookUrl} with 422`,
  );
  expect(log.filter(({ message }) => message === 'webhook refused')).toHaveLength(2);
  expect(await changeGate(secret, '999999999', 'B12')).toBe(`taken by ${webhookUrl}`);
  const lines = () => log.map(({ message }) => message).join('\n');
  await expect
    .poll(lines, soon)
    .toMatch(/webhook msg_\S+ of source "airline" is given up: .*no flight has the id "999999999"/);
  expect(await gate()).toBe('C7');
  await server.close();
  expect(await changeGate(secret, '20000', 'B12')).toContain(`nothing answers at ${webhookUrl};`);
  at = { WEBHOOK_URL: '', WEB_PORT: '0' };
  expect(await changeGate(secret, '20000', 'B12')).toBe(
    'WEB_PORT is 0, which is any port; set it to the one that npm start printed, or set WEBHOOK_URL',
  );
});

test('without a secret of its own the source is off in production', async () => {
  const log: LoggedLine[] = [];
  const server = createServer(web, {
    settings: example.settings,
    environment: 'production',
    persistedOnly: false,
    logger: listLogger(log),
  });
  await server.close();
  expect(log.map(({ message }) => message)).toContain(
    'webhook source "airline" is off: AIRLINE_WEBHOOK_SECRETS is not set',
  );
});
