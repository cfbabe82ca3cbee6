import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunningService } from '../../sandbox/service/service.ts';
import { startTravellers } from '../../sandbox/travellers/travellers.ts';
import { tempDir } from './temp-dir.ts';

const dir = tempDir();
let service: RunningService;

beforeAll(async () => {
  service = await startTravellers({ dataDir: dir.path });
});

afterAll(async () => {
  await service.close();
  dir[Symbol.dispose]();
});

const ada = { id: 'ada', name: 'Ada Lovelace', homeAirport: 'JFK' };
const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${service.url}${path}`, { headers });
const patch = (id: string, body: string, type = 'application/json') =>
  fetch(`${service.url}/travellers/${id}`, {
    method: 'PATCH',
    body,
    headers: { 'content-type': type },
  });

it('tells who the bearer of a token is', async () => {
  const response = await get('/me', { authorization: 'Bearer ada' });
  expect(await response.json()).toEqual(ada);
  expect(response.headers.get('cache-control')).toBe('private, no-store');
});

it.each([
  ['no token', {}, 'Bearer'],
  ['an unknown token', { authorization: 'Bearer nobody' }, 'Bearer error="invalid_token"'],
  ['another scheme', { authorization: 'Basic YWRhOg==' }, 'Bearer'],
])('answers 401 to %s', async (_case, headers: Record<string, string>, challenge) => {
  const response = await get('/me', headers);
  expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, challenge]);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
});

it('answers batches without gaps, repetitions or the order asked', async () => {
  const { items } = (await (await get('/travellers?ids=grace,nobody,ada,grace')).json()) as {
    items: object[];
  };
  expect(items).toEqual([ada, { id: 'grace', name: 'Grace Hopper', homeAirport: 'BOS' }]);
});

it.each([
  '/travellers',
  '/travellers?ids=',
  '/travellers?ids=a%20b',
  '/travellers?ids=ada&page=2',
  '/me?x=1',
])('answers 400 to %s', async (path) => {
  const response = await get(path, { authorization: 'Bearer ada' });
  expect(response.status).toBe(400);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
});

it('changes and forgets a home airport, for good', async () => {
  expect(await (await patch('amelia', '{"homeAirport":"LAX"}')).json()).toMatchObject({
    homeAirport: 'LAX',
  });
  expect(await (await patch('amelia', '{"homeAirport":null}')).json()).toMatchObject({
    homeAirport: null,
  });
  await service.close();
  service = await startTravellers({ dataDir: dir.path });
  expect(await (await get('/me', { authorization: 'Bearer amelia' })).json()).toMatchObject({
    homeAirport: null,
  });
});

it.each([
  ['not JSON', 'homeAirport=LAX'],
  ['no object', '["LAX"]'],
  ['nothing', '{}'],
  ['a malformed code', '{"homeAirport":"lax"}'],
  ['another type', '{"homeAirport":5}'],
  ['another field', '{"homeAirport":"LAX","name":"X"}'],
])('answers 400 to a change that is %s, and changes nothing', async (_case, body) => {
  expect((await patch('ada', body)).status).toBe(400);
  expect(await (await get('/me', { authorization: 'Bearer ada' })).json()).toEqual(ada);
});

it('answers 404, 413 and 415 where they belong', async () => {
  expect((await patch('nobody', '{"homeAirport":"LAX"}')).status).toBe(404);
  expect((await patch('ada', `"${'x'.repeat(20_000)}"`)).status).toBe(413);
  expect((await patch('ada', '{}', 'text/plain')).status).toBe(415);
});

it('counts its calls', async () => {
  service.calls.clear();
  await Promise.all([get('/me'), get('/travellers?ids=ada'), get('/travellers?ids=grace')]);
  expect(service.calls.counts()).toEqual({ 'GET /me': 1, 'GET /travellers': 2 });
});
