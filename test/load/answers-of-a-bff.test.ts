import { describe, expect, it } from 'vitest';
import { web } from '../../bff-web/bff.ts';
import type { GrpcRequest, RestRequest } from '../../src/backend/backend.ts';
import { fakeBackend } from '../../src/backend/fake-backend.ts';
import { createLiveBackend } from '../../src/backend/live-backend.ts';
import { composeBff } from '../../src/bff/compose-bff.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { AnswerCache } from '../../src/load/answer-cache.ts';
import { AnswerKey, operationKey } from '../../src/load/answer-key.ts';
import { policyOf, watchViewer } from '../../src/load/answer-policy.ts';
import { createCaches } from '../../src/load/caches.ts';
import { contextOver } from '../backend/request-context.ts';

const composed = composeBff(web);
const engine = createEngine({ ...composed, schema: composed.graph });

/** The web client over fakes, answered through the cache as a server does it. */
function webOverFakes() {
  const transports: Record<string, ReturnType<typeof fakeBackend>> = {
    airports: fakeBackend({
      'GET /airports': ({ query }: RestRequest) => ({
        items: (query['ids'] as string[]).map((iata) => ({ iata, name: `Of ${iata}`, city: 'X' })),
      }),
    }),
    travellers: fakeBackend({
      'GET /travellers': ({ query }: RestRequest) => ({
        items: (query['ids'] as string[]).map((id) => ({
          id,
          name: `Of ${id}`,
          homeAirport: 'ATL',
        })),
      }),
    }),
    flights: fakeBackend({
      'flights.v1.Flights/BatchGetFlights': ({ message }: GrpcRequest<{ ids: string[] }>) => ({
        flights: message.ids.map((id) => ({
          id,
          origin: 'ATL',
          destination: 'JFK',
          distanceMiles: 1,
        })),
      }),
    }),
    bookings: fakeBackend({}),
  };
  const backends = web.subschemas.map(({ backend }) =>
    createLiveBackend(backend, { transport: transports[backend.name]! }),
  );
  const answers = new AnswerCache({ caches: createCaches({ backends }) });
  const ask = async (source: string, subject?: string) => {
    const plan = engine.prepare(source);
    if ('errors' in plan) throw plan.errors[0]!;
    const operation = operationKey({ bff: web.name, schemaHash: 'test', operation: source });
    const key = new AnswerKey(operation, {
      variables: null,
      locale: null,
      client: { name: null, version: null },
    });
    const viewer = subject === undefined ? null : { subject, scopes: [] };
    const { signal } = new AbortController();
    return answers.run<unknown>({ key, viewer, waiter: { signal } }, async (own) => {
      const options = { signal: own, ...(subject === undefined ? {} : { subject }) };
      const context = watchViewer(contextOver(backends, options));
      const result = await engine.execute(plan, { context, signal: own, incremental: false });
      const policy = policyOf(context);
      if (!('data' in result) || result.errors) return { policy, failed: result };
      return { policy, body: Buffer.from(JSON.stringify(result)) };
    });
  };
  const calls = () =>
    Object.values(transports).reduce((sum, { calls: made }) => sum + made.length, 0);
  return { ask, calls };
}

describe('an answer of a bff', () => {
  it('over public loads is everyone’s, whoever asked first', async () => {
    const { ask, calls } = webOverFakes();
    const query = '{ flight(id: "1") { distanceMiles origin { name } destination { name } } }';
    const first = await ask(query, 'ann');
    expect(first).toMatchObject({ scope: 'public', shared: false });
    expect('remainingMs' in first && first.remainingMs).toBeGreaterThan(40_000);
    const made = calls();
    expect(await ask(query)).toMatchObject({ body: 'body' in first && first.body });
    expect(calls()).toBe(made);
  });

  it('that has the viewer in it is theirs alone, even where it says nothing', async () => {
    const { ask } = webOverFakes();
    const query = '{ me { name } flight(id: "1") { id } }';
    const textOf = async (subject?: string) => {
      const answer = await ask(query, subject);
      return 'body' in answer ? JSON.parse(answer.body.toString()).data.me : answer;
    };
    expect(await textOf()).toBeNull();
    expect(await textOf('ann')).toEqual({ name: 'Of ann' });
    expect(await textOf('bob')).toEqual({ name: 'Of bob' });
    expect(await textOf()).toBeNull();
    expect(await ask(query, 'ann')).toMatchObject({ scope: 'viewer' });
  });

  it('without a single load is not kept', async () => {
    const { ask } = webOverFakes();
    expect(await ask('{ __typename }')).toMatchObject({ scope: 'viewer', remainingMs: 0 });
  });
});
