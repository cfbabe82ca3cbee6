import { createServer as createTcpServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { web } from '../../../bff-web/bff.ts';
import { startBookings } from '../../../sandbox/bookings/bookings.ts';
import { ask, serve } from '../../example/example.ts';
import { tempDir } from '../../sandbox/temp-dir.ts';

const away = 'http://127.0.0.1:9';

async function startWeb() {
  const port = await freePort();
  const server = serve(web, {
    AIRPORTS_URL: away,
    FLIGHTS_URL: away,
    TRAVELLERS_URL: away,
    BOOKINGS_URL: `127.0.0.1:${port}`,
  });
  await server.listen();
  const dir = tempDir();
  onTestFinished(async () => {
    await server.close();
    dir[Symbol.dispose]();
  });
  return {
    server,
    async startBookings() {
      const bookings = await startBookings({ port, dataDir: dir.path });
      onTestFinished(() => bookings.close());
    },
  };
}

const later = (seat: string) =>
  `mutation { bookFlightLater(input: { flightId: "17", seat: "${seat}", idempotencyKey: "k-${seat}" }) { id status } }`;
const job = (id: unknown) =>
  `{ job(id: "${String(id)}") { status result error { code message } } }`;

it('books a seat once its service is back', { timeout: 40_000 }, async () => {
  const { server, startBookings } = await startWeb();
  const { data, errors } = await ask(server, later('14C'), { viewer: 'ada' });
  expect(errors).toBeUndefined();
  const { id, status } = data!['bookFlightLater'] as unknown as { id: string; status: string };
  expect(status).toBe('QUEUED');
  expect((await ask(server, later('14C'), { viewer: 'ada' })).data).toMatchObject({
    bookFlightLater: { id },
  });
  await startBookings();
  const result = async () => (await ask(server, job(id), { viewer: 'ada' })).data;
  await expect
    .poll(result, { timeout: 35_000, interval: 200 })
    .toMatchObject({ job: { status: 'SUCCEEDED', result: { bookingId: expect.any(String) } } });

  const taken = await ask(server, later('14C').replace('k-', 'other-'), { viewer: 'grace' });
  const other = (taken.data!['bookFlightLater'] as unknown as { id: string }).id;
  await expect
    .poll(async () => (await ask(server, job(other), { viewer: 'grace' })).data)
    .toMatchObject({ job: { status: 'FAILED', error: { code: 'CONFLICT' } } });
  expect((await ask(server, job(other), { viewer: 'ada' })).data).toEqual({ job: null });
});

it('refuses a seat that is none, and who is nobody', async () => {
  const { server } = await startWeb();
  const wrong = await ask(server, later('no seat'), { viewer: 'ada' });
  expect(wrong.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  const nobody = await ask(server, later('14C'));
  expect(nobody.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
});

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
