import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mobile } from '../../bff-mobile/bff.ts';
import { web } from '../../bff-web/bff.ts';
import type { RunningServer } from '../../src/server/server-options.ts';
import {
  departuresOf,
  routesOf,
  sourceAirportLines,
  sourceFlights,
} from '../sandbox/source-files.ts';
import { ask, serve, startExample } from './example.ts';

let example: Awaited<ReturnType<typeof startExample>>;
let onWeb: RunningServer;
let onMobile: RunningServer;

beforeAll(async () => {
  example = await startExample();
});
afterAll(() => example.close());

/** Fresh servers, so that no cache answers for a backend. */
beforeEach(async () => {
  onWeb = serve(web, example.settings);
  onMobile = serve(mobile, example.settings);
  example.calls();
  return async () => {
    await onWeb.close();
    await onMobile.close();
  };
});

const cityOf = (iata: string) =>
  sourceAirportLines.find((line) => line.startsWith(`${iata},`))?.split(',')[2];
const nameOf = (iata: string) =>
  sourceAirportLines.find((line) => line.startsWith(`${iata},`))?.split(',')[1];
const instant = (date: string) => `${date.replace(/\//g, '-').replace(' ', 'T')}:00.000Z`;

describe('the airport page', () => {
  const query = `{ airport(iata:"ATL"){ name routes(first:5){ flights destination{ city } }
    departures(first:3){ nodes{ id departsAt destination{ name } delayMinutes } }
    delays{ meanDelayMinutes onTimeShare } } }`;

  it('has the values of the source files', async () => {
    const delays = departuresOf('ATL').map((flight) => flight.delay);
    const { status, data, errors } = await ask(onWeb, query);
    expect(errors).toBeUndefined();
    expect(status).toBe(200);
    expect(data).toEqual({
      airport: {
        name: 'William B Hartsfield-Atlanta Intl',
        routes: routesOf('ATL')
          .slice(0, 5)
          .map((route) => ({
            flights: route.flights,
            destination: { city: cityOf(route.destination) },
          })),
        departures: {
          nodes: departuresOf('ATL')
            .slice(0, 3)
            .map((flight) => ({
              id: String(flight.id),
              departsAt: instant(flight.date),
              destination: { name: nameOf(flight.destination) },
              delayMinutes: flight.delay,
            })),
        },
        delays: {
          meanDelayMinutes: expect.closeTo(delays.reduce((a, b) => a + b, 0) / delays.length, 6),
          onTimeShare: expect.closeTo(
            delays.filter((delay) => delay < 15).length / delays.length,
            6,
          ),
        },
      },
    });
  });

  it('asks each backend operation once a layer', async () => {
    await ask(onWeb, query);
    const { 'GET /airports': airports, ...flights } = example.calls();
    // The airport; the ends of the routes; those of the departures, a layer below. Where routes
    // and departures land at the same moment, their ends share a call.
    expect([2, 3]).toContain(airports);
    expect(flights).toEqual({
      'flights.v1.Flights/BatchListRoutes': 1,
      'flights.v1.Flights/BatchListDepartures': 1,
      'flights.v1.Flights/BatchGetDelayStats': 1,
    });
  });

  it('asks once for a hundred departures with both their ends', async () => {
    const { data, errors } = await ask(
      onWeb,
      '{ airport(iata:"ATL"){ iata departures(first:100){ nodes{ origin{ city } destination{ city } } } } }',
    );
    expect(errors).toBeUndefined();
    const nodes = (data as never as { airport: { departures: { nodes: unknown[] } } }).airport
      .departures.nodes;
    expect(nodes).toEqual(
      departuresOf('ATL')
        .slice(0, 100)
        .map((flight) => ({
          origin: { city: cityOf('ATL') },
          destination: { city: cityOf(flight.destination) },
        })),
    );
    expect(example.calls()).toEqual({
      'GET /airports': 2,
      'flights.v1.Flights/BatchListDepartures': 1,
    });
  });

  it('pages to the end without a gap or a repeat', async () => {
    const seen: string[] = [];
    for (let after: string | null = null; ; ) {
      const { data } = await ask(
        onWeb,
        'query($after: String){ airport(iata:"ABE"){ departures(first:7, after:$after){ edges{ cursor node{ id } } pageInfo{ hasNextPage endCursor } } } }',
        { variables: { after } },
      );
      const page = (
        data as never as {
          airport: {
            departures: {
              edges: { cursor: string; node: { id: string } }[];
              pageInfo: { hasNextPage: boolean; endCursor: string };
            };
          };
        }
      ).airport.departures;
      seen.push(...page.edges.map((edge) => edge.node.id));
      expect(page.edges.at(-1)?.cursor).toBe(page.pageInfo.endCursor);
      if (!page.pageInfo.hasNextPage) break;
      after = page.edges[4]?.cursor ?? null; // go on from the middle of the page
      seen.length -= page.edges.length - 5;
    }
    expect(seen).toEqual(departuresOf('ABE').map((flight) => String(flight.id)));
  });

  it('is null for an airport that does not exist, without an error', async () => {
    expect(await ask(onWeb, '{ airport(iata:"QQQ"){ name } flight(id:"0"){ id } }')).toEqual({
      status: 200,
      data: { airport: null, flight: null },
    });
  });

  it('has an empty list where nothing departs', async () => {
    expect(
      await ask(
        onWeb,
        '{ airport(iata:"00M"){ name departures{ nodes{ id } } routes{ flights } delays{ flights } } }',
      ),
    ).toEqual({
      status: 200,
      data: {
        airport: { name: 'Thigpen', departures: { nodes: [] }, routes: [], delays: null },
      },
    });
  });
});

describe("web's own fields", () => {
  it('computes a page from two backends and hands on the airport', async () => {
    const { data } = await ask(
      onWeb,
      '{ airportPage(iata:"JFK"){ heading punctuality destinations airport{ iata latitude } } missing: airportPage(iata:"QQQ"){ heading } }',
    );
    expect(data).toMatchObject({
      airportPage: {
        heading: 'John F Kennedy Intl, New York (JFK)',
        punctuality: expect.stringMatching(/^\d+% of \d+ flights left on time$/),
        destinations: routesOf('JFK')
          .slice(0, 5)
          .map((route) => cityOf(route.destination)),
        airport: { iata: 'JFK', latitude: 40.63975111 },
      },
      missing: null,
    });
  });
});

describe("mobile's own fields", () => {
  it('has a departure board', async () => {
    const { data, errors } = await ask(
      onMobile,
      '{ departureBoard(iata:"JFK", first: 3){ flightId to departsAt statusText } }',
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      departureBoard: departuresOf('JFK')
        .slice(0, 3)
        .map((flight) => ({
          flightId: String(flight.id),
          to: cityOf(flight.destination),
          departsAt: instant(flight.date),
          statusText: expect.stringContaining(`to ${cityOf(flight.destination)}`),
        })),
    });
    expect(example.calls()).toEqual({
      'GET /airports': 2,
      'flights.v1.Flights/BatchListDepartures': 1,
    });
  });

  it('fetches what a derived field needs in the same pass', async () => {
    const { data } = await ask(onMobile, '{ flight(id:"1"){ statusText } }');
    const [first] = sourceFlights;
    expect(data).toEqual({
      flight: { statusText: `${first?.delay} min late to ${cityOf(first?.destination ?? '')}` },
    });
    expect(example.calls()).toEqual({
      'GET /airports': 1,
      'flights.v1.Flights/BatchGetFlights': 1,
    });
  });

  it('has pages of ten unless told otherwise', async () => {
    const { data } = await ask(onMobile, '{ airport(iata:"ATL"){ departures{ nodes{ id } } } }');
    expect(
      (data as never as { airport: { departures: { nodes: unknown[] } } }).airport.departures.nodes,
    ).toHaveLength(10);
  });

  it('does not have what it hides', async () => {
    const { status, data, errors } = await ask(onMobile, '{ airport(iata:"ATL"){ latitude } }');
    expect([status, data]).toEqual([200, undefined]);
    expect(errors?.[0]).toMatchObject({
      message: expect.stringContaining('Cannot query field "latitude" on type "Airport"'),
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
    });
    const introspected = JSON.stringify(
      (
        await ask(
          onMobile,
          '{ __type(name:"Airport"){ fields{ name } } __schema{ types{ name } } }',
        )
      ).data,
    );
    expect(introspected).toContain('iata');
    expect(introspected).not.toContain('latitude');
    expect((await ask(onWeb, '{ airport(iata:"ATL"){ latitude } }')).errors).toBeUndefined();
  });
});

describe('viewers', () => {
  const query =
    '{ me{ id name homeAirport{ city } bookings{ nodes{ id status flight{ destination{ city } } traveller{ name } } } } }';

  it('are nobody over HTTP until they log in', async () => {
    expect(await ask(onWeb, '{ me { name } }')).toEqual({ status: 200, data: { me: null } });
  });

  it('see their own trips, across all four backends', async () => {
    const { data, errors } = await ask(onMobile, query, { viewer: 'ada' });
    expect(errors).toBeUndefined();
    const { me } = data as never as { me: { id: string; bookings: { nodes: { id: string }[] } } };
    expect(me.id).toBe('ada');
    expect(me.bookings.nodes.map((booking) => booking.id)).toEqual([
      'bk-1010',
      'bk-1007',
      'bk-1004',
      'bk-1001',
    ]);
  });

  it('never share what is theirs, side by side', async () => {
    const viewers = ['ada', 'grace', 'amelia'];
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) => viewers[index % 3] ?? '').map(async (viewer) => ({
        viewer,
        answer: await ask(index(viewer) ? onWeb : onMobile, query, { viewer }),
      })),
    );
    for (const { viewer, answer } of answers) {
      const { me } = answer.data as never as {
        me: { id: string; name: string; bookings: { nodes: { traveller: { name: string } }[] } };
      };
      expect(me.id).toBe(viewer);
      for (const booking of me.bookings.nodes) expect(booking.traveller.name).toBe(me.name);
    }
    function index(viewer: string): boolean {
      return viewer !== 'grace';
    }
  });

  it('book once for one idempotency key, and are refused a taken seat', async () => {
    const book = (seat: string, key: string, viewer: string) =>
      ask(
        onMobile,
        'mutation($input: BookFlightInput!){ bookFlight(input:$input){ booking{ id seat status flight{ id } } } }',
        { viewer, variables: { input: { flightId: '77', seat, idempotencyKey: key } } },
      );
    const first = await book('31A', 'k1', 'ada');
    expect(first.errors).toBeUndefined();
    expect((await book('31A', 'k1', 'ada')).data).toEqual(first.data);
    const taken = await book('31A', 'k2', 'grace');
    expect(taken).toMatchObject({ data: null, errors: [{ extensions: { code: 'CONFLICT' } }] });
    const { bookFlight } = first.data as never as { bookFlight: { booking: { id: string } } };
    const cancel = () =>
      ask(
        onMobile,
        `mutation{ cancelBooking(input:{bookingId:"${bookFlight.booking.id}"}){ booking{ status } } }`,
        { viewer: 'ada' },
      );
    expect((await cancel()).data).toEqual({ cancelBooking: { booking: { status: 'CANCELLED' } } });
    expect((await cancel()).errors?.[0]?.extensions.code).toBe('CONFLICT');
  });

  it('must log in to book', async () => {
    const { errors } = await ask(
      onWeb,
      'mutation{ bookFlight(input:{flightId:"1", seat:"1A"}){ booking{ id } } }',
    );
    expect(errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
    expect(example.calls()).toEqual({});
  });
});

it('a code or id that cannot be one is nobody’s, and spoils nothing beside it', async () => {
  expect(
    await ask(
      onWeb,
      '{ a: airport(iata:"SEA"){ city } b: airport(iata:"12345"){ city } c: airport(iata:""){ city } d: flight(id:"x"){ id } e: flight(id:"7"){ id } }',
    ),
  ).toEqual({
    status: 200,
    data: { a: { city: 'Seattle' }, b: null, c: null, d: null, e: { id: '7' } },
  });
});

describe('bad input', () => {
  it.each([
    [
      'an unknown argument',
      '{ airport(iata:"ATL", code:1){ name } }',
      'GRAPHQL_VALIDATION_FAILED',
      /Unknown argument "code"/,
    ],
    [
      'a bad cursor',
      '{ airports(after:"nonsense"){ nodes{ iata } } }',
      'BAD_USER_INPUT',
      /not a cursor/,
    ],
    [
      'a page too large',
      '{ airport(iata:"ATL"){ departures(first:1000){ nodes{ id } } } }',
      'BAD_USER_INPUT',
      /1 to 100/,
    ],
    ['a page of nothing', '{ airports(first:0){ nodes{ iata } } }', 'BAD_USER_INPUT', /1 to 100/],
    ['a syntax error', '{ airport(iata:"ATL" { name } }', 'GRAPHQL_PARSE_FAILED', /Expected/],
  ])('%s is told clearly', async (_, query, code, message) => {
    const { errors } = await ask(onWeb, query);
    expect(errors).toHaveLength(1);
    expect(errors?.[0]?.extensions.code).toBe(code);
    expect(errors?.[0]?.message).toMatch(message);
  });
});
