import { createServer, type RunningServer } from 'tailorbird';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { web } from '../../bff-web/bff.ts';
import { createLogger } from '../../src/server/log.ts';
import { ask, startExample } from './example.ts';

let example: Awaited<ReturnType<typeof startExample>>;
let server: RunningServer;

beforeAll(async () => {
  example = await startExample();
  server = createServer(web, {
    settings: example.settings,
    logger: createLogger({ environment: 'production', level: 'silent' }),
    // 'ada bookings.read' is Ada, who was granted that scope.
    viewer: ({ headers }) => {
      const [subject, ...scopes] = headers.get('x-viewer')?.split(' ') ?? [];
      return subject === undefined ? null : { subject, scopes };
    },
  });
});
afterAll(async () => {
  await server.close();
  await example.close();
});
beforeEach(() => void example.calls());

const book = `mutation {
  bookFlight(input: { flightId: "1", seat: "31F", idempotencyKey: "access-1" }) { booking { seat } }
}`;
const refusals = (answer: Awaited<ReturnType<typeof ask>>) =>
  answer.errors?.map(({ extensions, path }) => `${extensions.code} ${path?.join('.')}`);

describe('in the example', () => {
  it('me is null for nobody, without an error or a call', async () => {
    expect(await ask(server, '{ me { name bookings { nodes { seat } } } }')).toEqual({
      status: 200,
      data: { me: null },
    });
    expect(example.calls()).toEqual({});
  });

  it('bookings need bookings.read; the rest of the viewer is answered', async () => {
    const query = '{ me { name bookings(first: 1) { nodes { seat } } } }';
    const without = await ask(server, query, { viewer: 'ada bookings.write' });
    expect(without.data).toEqual({ me: { name: 'Ada Lovelace', bookings: null } });
    expect(refusals(without)).toEqual(['FORBIDDEN me.bookings']);
    expect(Object.keys(example.calls()).join()).not.toContain('bookings');
    const answer = await ask(server, query, { viewer: 'ada bookings.read' });
    expect(answer.errors).toBeUndefined();
    expect(answer.data?.['me']).toMatchObject({ bookings: { nodes: [{}] } });
  });

  it.each([
    [undefined, 'UNAUTHENTICATED bookFlight'],
    ['ada', 'FORBIDDEN bookFlight'],
    ['ada bookings.read', 'FORBIDDEN bookFlight'],
  ])('%s can’t book', async (viewer, refusal) => {
    const answer = await ask(server, book, viewer === undefined ? {} : { viewer });
    expect(answer.data).toBeNull();
    expect(refusals(answer)).toEqual([refusal]);
    expect(example.calls()).toEqual({});
  });

  it('who may write alone books, and does not read what was booked', async () => {
    const answer = await ask(server, book, { viewer: 'ada bookings.write' });
    expect(answer.data).toEqual({ bookFlight: { booking: null } });
    expect(refusals(answer)).toEqual(['FORBIDDEN bookFlight.booking']);
  });

  it('what is for everybody asks nobody', async () => {
    const answer = await ask(server, '{ airport(iata: "ATL") { name delays { flights } } }');
    expect(answer.errors).toBeUndefined();
  });
});
