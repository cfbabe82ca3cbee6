import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { status } from '@grpc/grpc-js';
import { decodeJwt } from 'jose';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBookings } from '../../sandbox/bookings/bookings.ts';
import { startIdentity } from '../../sandbox/identity/identity.ts';
import type { RunningService } from '../../sandbox/service/service.ts';
import { startTravellers } from '../../sandbox/travellers/travellers.ts';
import { loginAsApp } from '../support/app.ts';
import { grpcClient, type TestClient } from './grpc-client.ts';
import { tempDir } from './temp-dir.ts';

const dir = tempDir();
let identity: RunningService;
let travellers: RunningService;
let bookings: RunningService;
let calls: TestClient;
/** `Authorization` values by who brings them. */
const bearers = new Map<string, string>();

beforeAll(async () => {
  identity = await startIdentity({ dataDir: dir.path });
  const options = { dataDir: dir.path, issuer: identity.url };
  travellers = await startTravellers(options);
  bookings = await startBookings(options);
  calls = grpcClient(bookings.url, 'bookings/bookings.proto', 'bookings.v1.Bookings');

  const bff = await client.discovery(
    new URL(identity.url),
    'bff-mobile',
    undefined,
    client.ClientSecretBasic('sandbox-mobile-secret'),
    { execute: [client.allowInsecureRequests] },
  );
  const exchange = (token: string, resource: string) =>
    client.genericGrantRequest(bff, 'urn:ietf:params:oauth:grant-type:token-exchange', {
      subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      resource,
    });
  const ada = (await loginAsApp(identity.url, 'ada')).tokens.access_token;
  const reader = (await loginAsApp(identity.url, 'ada', 'openid travellers.read bookings.read'))
    .tokens.access_token;
  const set = (who: string, token: string) => bearers.set(who, `Bearer ${token}`);
  set('the app', ada);
  for (const api of ['urn:travellers', 'urn:bookings']) {
    set(`ada at ${api}`, (await exchange(ada, api)).access_token);
    set(`ada, reading, at ${api}`, (await exchange(reader, api)).access_token);
    const own = await client.clientCredentialsGrant(bff, { resource: api });
    set(`a client at ${api}`, own.access_token);
  }
});

afterAll(async () => {
  calls.close();
  await Promise.all([identity, travellers, bookings].map((service) => service.close()));
  dir[Symbol.dispose]();
});

describe('travellers', () => {
  const ask = async (who: string, path: string, init: RequestInit = {}) => {
    const authorization = bearers.get(who) ?? who;
    const headers = {
      ...(authorization && { authorization }),
      'content-type': 'application/json',
    };
    return fetch(travellers.url + path, { ...init, headers });
  };

  it.each([
    ['', 'Bearer'],
    ['Bearer ada', 'Bearer error="invalid_token"'],
    ['the app', 'Bearer error="invalid_token"'],
    ['ada at urn:bookings', 'Bearer error="invalid_token"'],
  ])('refuse the token of %j', async (who, challenge) => {
    for (const path of ['/me', '/travellers?ids=ada']) {
      const response = await ask(who, path);
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, challenge]);
    }
  });

  it('show somebody themselves, and nobody else', async () => {
    const me = await ask('ada at urn:travellers', '/me');
    expect(await me.json()).toMatchObject({ id: 'ada', name: 'Ada Lovelace' });
    const all = await ask('ada at urn:travellers', '/travellers?ids=ada,grace');
    expect(await all.json()).toMatchObject({ items: [{ id: 'ada' }] });
  });

  it('show a client everybody, and it is nobody itself', async () => {
    const all = await ask('a client at urn:travellers', '/travellers?ids=ada,grace');
    expect(await all.json()).toMatchObject({ items: [{ id: 'ada' }, { id: 'grace' }] });
    expect((await ask('a client at urn:travellers', '/me')).status).toBe(403);
  });

  it.each([
    ['ada at urn:travellers', 'ada', 200],
    ['ada at urn:travellers', 'grace', 403],
    ['ada, reading, at urn:travellers', 'ada', 403],
    ['a client at urn:travellers', 'ada', 403],
  ])('let %s change %s: %i', async (who, id, expected) => {
    const body = '{"homeAirport":"JFK"}';
    const response = await ask(who, `/travellers/${id}`, { method: 'PATCH', body });
    expect(response.status).toBe(expected);
  });
});

describe('bookings', () => {
  const code = (who: string, method: string, request: object) =>
    calls.call(method, request, bearers.get(who) ?? (who || undefined)).then(
      () => status.OK,
      (error: { code: status }) => error.code,
    );
  const mine = { travellerId: 'ada' };
  const hers = { travellerId: 'grace' };
  const book = { flightId: '77', seat: '30A', idempotencyKey: 'access' };

  it.each([
    ['', 'ListBookings', mine, status.UNAUTHENTICATED],
    ['Bearer x', 'ListBookings', mine, status.UNAUTHENTICATED],
    ['the app', 'ListBookings', mine, status.UNAUTHENTICATED],
    ['ada at urn:travellers', 'ListBookings', mine, status.UNAUTHENTICATED],
    ['', 'GetBooking', { id: 'bk-1001' }, status.UNAUTHENTICATED],
    ['', 'BatchGetBookings', { ids: ['bk-1001'] }, status.UNAUTHENTICATED],
    ['', 'CreateBooking', { ...book, ...mine }, status.UNAUTHENTICATED],
    ['', 'CancelBooking', { id: 'bk-1001', ...mine }, status.UNAUTHENTICATED],
    ['ada at urn:bookings', 'ListBookings', mine, status.OK],
    ['ada at urn:bookings', 'ListBookings', hers, status.PERMISSION_DENIED],
    ['ada at urn:bookings', 'GetBooking', { id: 'bk-1001' }, status.OK],
    ['ada at urn:bookings', 'GetBooking', { id: 'bk-1002' }, status.NOT_FOUND],
    ['ada at urn:bookings', 'CreateBooking', { ...book, ...hers }, status.PERMISSION_DENIED],
    ['ada at urn:bookings', 'CancelBooking', { id: 'bk-1002', ...hers }, status.PERMISSION_DENIED],
    [
      'ada, reading, at urn:bookings',
      'CreateBooking',
      { ...book, ...mine },
      status.PERMISSION_DENIED,
    ],
    ['a client at urn:bookings', 'CreateBooking', { ...book, ...mine }, status.OK],
    ['a client at urn:bookings', 'GetBooking', { id: 'bk-1002' }, status.OK],
    ['ada at urn:bookings', 'CreateBooking', { ...book, ...mine }, status.OK],
  ])('answer %j at %s of %j', async (who, method, request, expected) => {
    expect(status[await code(who, method, request)]).toBe(status[expected]);
  });

  it('leave out of a batch what is another’s', async () => {
    const request = { ids: ['bk-1001', 'bk-1002'] };
    const answer = await calls.call<{ bookings: { id: string }[] }>(
      'BatchGetBookings',
      request,
      bearers.get('ada at urn:bookings'),
    );
    expect(answer.bookings.map(({ id }) => id)).toEqual(['bk-1001']);
  });
});

it('both wait for a provider that starts later', async () => {
  const port = Number(new URL(identity.url).port);
  await identity.close();
  const late = await startTravellers({ dataDir: dir.path, issuer: identity.url });
  const headers = { authorization: bearers.get('ada at urn:travellers') ?? '' };
  expect((await fetch(`${late.url}/me`, { headers })).status).toBe(503);
  identity = await startIdentity({ dataDir: dir.path, port });
  await expect
    .poll(async () => (await fetch(`${late.url}/me`, { headers })).status, { timeout: 5_000 })
    .toBe(200);
  await late.close();
});

describe('the token command', () => {
  const script = join(import.meta.dirname, '../../sandbox/identity/token.ts');
  const run = (args: string[], issuer: string) =>
    promisify(execFile)(process.execPath, [script, ...args], { env: { OIDC_ISSUER: issuer } });

  it('prints a token that the mobile BFF takes', async () => {
    const { stdout, stderr } = await run(['grace'], identity.url);
    expect(decodeJwt(stdout.trim())).toMatchObject({ sub: 'grace', aud: 'urn:tailorbird:mobile' });
    expect(stderr).toBe('');
  });

  it('finds the provider by the variable that npm start has for its port', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [script, 'ada'], {
      env: { IDENTITY_PORT: new URL(identity.url).port },
    });
    expect(decodeJwt(stdout.trim())).toMatchObject({ sub: 'ada', iss: identity.url });
  });

  it.each([
    [['bob'], identityUrl, 2, /^bob is no traveller .*; there are ada, grace, amelia\n$/],
    [[], identityUrl, 2, /^Usage: /],
    [['ada'], () => 'http://127.0.0.1:1', 1, /^no token from http:\/\/127.0.0.1:1: /],
  ])('says what is wrong with %j', async (args, issuer, exitCode, message) => {
    await expect(run(args, issuer())).rejects.toMatchObject({
      code: exitCode,
      stderr: expect.stringMatching(message),
    });
  });

  function identityUrl(): string {
    return identity.url;
  }
});
