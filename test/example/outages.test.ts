import { createServer as createTcpServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mobile } from '../../bff-mobile/bff.ts';
import { web } from '../../bff-web/bff.ts';
import { startFlights } from '../../sandbox/flights/flights.ts';
import { tempDir } from '../sandbox/temp-dir.ts';
import { ask, serve, startExample } from './example.ts';

let example: Awaited<ReturnType<typeof startExample>>;
beforeAll(async () => {
  example = await startExample();
});
afterAll(() => example.close());

/** A port that nothing listens on. */
async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('a backend that is down', () => {
  it('nulls only its own fields, says so, and heals without a restart', async () => {
    const port = await freePort();
    const server = serve(web, { ...example.settings, FLIGHTS_URL: `127.0.0.1:${port}` });
    const query = '{ airport(iata:"ATL"){ name city delays{ flights } routes{ flights } } }';
    const { status, data, errors } = await ask(server, query);
    expect(status).toBe(200);
    expect(data).toEqual({
      airport: {
        name: 'William B Hartsfield-Atlanta Intl',
        city: 'Atlanta',
        delays: null,
        routes: null,
      },
    });
    expect(
      errors?.map((error) => [error.path, error.extensions.code, error.extensions.backend]),
    ).toEqual(
      expect.arrayContaining([
        [['airport', 'delays'], 'UPSTREAM_UNAVAILABLE', 'flights'],
        [['airport', 'routes'], 'UPSTREAM_UNAVAILABLE', 'flights'],
      ]),
    );
    expect(JSON.stringify(errors)).not.toMatch(/127\.0\.0\.1|ECONNREFUSED|node_modules/);
    expect(JSON.stringify(errors)).not.toContain(String(port));

    const dir = tempDir();
    const flights = await startFlights({ port, dataDir: dir.path });
    await expect
      .poll(async () => (await ask(server, query)).errors, { timeout: 10_000, interval: 100 })
      .toBeUndefined();
    await server.close();
    await flights.close();
    dir[Symbol.dispose]();
  });

  it('says why a derived field is null, and leaves the others as they can be', async () => {
    const server = serve(mobile, {
      ...example.settings,
      FLIGHTS_URL: `127.0.0.1:${await freePort()}`,
    });
    const board = await ask(
      server,
      '{ departureBoard(iata:"JFK"){ to } airport(iata:"JFK"){ city } }',
    );
    expect(board.data).toEqual({ departureBoard: null, airport: { city: 'New York' } });
    expect(board.errors).toMatchObject([
      {
        path: ['departureBoard'],
        extensions: { code: 'UPSTREAM_UNAVAILABLE', backend: 'flights' },
      },
    ]);
    await server.close();

    const withoutAirports = serve(mobile, {
      ...example.settings,
      AIRPORTS_URL: `http://127.0.0.1:${await freePort()}`,
    });
    const flight = await ask(withoutAirports, '{ flight(id:"1"){ statusText } }');
    expect(flight).toEqual({
      status: 200,
      data: { flight: { statusText: expect.stringMatching(/late$/) } },
    });
    await withoutAirports.close();
  });

  it('does not keep a bff from starting when all of them are', async () => {
    const settings = {
      AIRPORTS_URL: `http://127.0.0.1:${await freePort()}`,
      FLIGHTS_URL: `127.0.0.1:${await freePort()}`,
      BOOKINGS_URL: `127.0.0.1:${await freePort()}`,
      TRAVELLERS_URL: `http://127.0.0.1:${await freePort()}`,
    };
    for (const bff of [web, mobile]) {
      const server = serve(bff, settings);
      const { url, adminUrl } = await server.listen();
      expect((await fetch(`${adminUrl}/readyz`)).status).toBe(200);
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"query":"{ airport(iata:\\"ATL\\"){ name } }"}',
      });
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({
        data: { airport: null },
        errors: [
          { path: ['airport'], extensions: { code: 'UPSTREAM_UNAVAILABLE', backend: 'airports' } },
        ],
      });
      await server.close();
    }
  });
});
