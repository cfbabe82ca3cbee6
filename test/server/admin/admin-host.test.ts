import { request } from 'node:http';
import { onTestFinished, expect, test } from 'vitest';
import { createServer } from 'tailorbird';
import { web } from '../../../bff-web/bff.ts';
import { listLogger } from '../../support/stub-server.ts';
import { webhookServer } from '../../events/webhooks/webhook-server.ts';

// 127.0.0.2 stands for another address of this machine: only what listens on all of them answers there.
const elsewhere = (adminUrl: string) => adminUrl.replace(/\/\/[\d.]+:/, '//127.0.0.2:');

/** The status of a path of the admin port, or why there is none. */
function statusOf(url: string): Promise<number | string> {
  return new Promise((resolve) => {
    const asking = request(url, (response) => resolve(response.resume().statusCode ?? 0));
    asking.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    asking.end();
  });
}

async function adminOf(settings: Record<string, string>): Promise<string> {
  const server = await webhookServer({ settings });
  onTestFinished(() => server.close());
  return server.adminUrl;
}

test('the admin port is for this machine only when nothing says otherwise', async () => {
  const adminUrl = await adminOf({});
  expect(await statusOf(`${adminUrl}/readyz`)).toBe(200);
  expect(await statusOf(`${adminUrl}/webhooks/consumers`)).toBe(200);
  expect(await statusOf(`${elsewhere(adminUrl)}/readyz`)).toBe('ECONNREFUSED');
});

test('ADMIN_HOST lets probes in, and then nobody is staff without a token, in development neither', async () => {
  const adminUrl = elsewhere(await adminOf({ ADMIN_HOST: '0.0.0.0' }));
  expect(await statusOf(`${adminUrl}/readyz`)).toBe(200);
  expect(await statusOf(`${adminUrl}/metrics`)).toBe(200);
  expect(await statusOf(`${adminUrl}/webhooks/consumers`)).toBe(403);
});

test('an ADMIN_HOST that is no address stops the start', () => {
  const settings = { ADMIN_HOST: 'everywhere' };
  expect(() => createServer(web, { settings, logger: listLogger([]) })).toThrow(
    /ADMIN_HOST .*expected an IP address/,
  );
});
