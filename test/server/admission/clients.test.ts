import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClientGate } from '../../../src/server/admission/client-gate.ts';
import { clientAddress } from '../../../src/server/admission/client-address.ts';
import { stubServer } from '../../support/stub-server.ts';
import { transports } from './transports.ts';

const clients = { 'mobile-ios': { minimum: '2.3.0' } };

describe('an app’s version', () => {
  const isTooOld = createClientGate(clients);

  test.each([
    ['2.3.0', false],
    ['2.3', false],
    ['v2.3.0', false],
    ['2.3.0+417', false],
    ['2.10.0', false],
    ['3', false],
    ['2.2.9', true],
    ['2.3.0-beta.1', true],
    ['2.4.0-beta.1', false],
    ['1.99.99', true],
    ['two', true],
    ['', true],
    ['2.3.0; DROP', true],
    [null, true],
  ])('%s is turned away: %s', (version, turnedAway) => {
    expect(isTooOld({ name: 'mobile-ios', version })).toBe(turnedAway);
  });

  test('is nobody’s business for an app that is not listed', () => {
    expect(isTooOld({ name: 'web', version: '0.0.1' })).toBe(false);
    expect(isTooOld({ name: null, version: null })).toBe(false);
    expect(isTooOld({ name: 'constructor', version: null })).toBe(false);
  });

  test('that is no version stops the start', () => {
    expect(() => stubServer({ clients: { ios: { minimum: 'new' } } })).toThrow(
      'clients["ios"].minimum is "new"; it must be a version such as 2.3.0',
    );
  });
});

describe.each(transports)('over %s', (name, send) => {
  let asked = 0;
  const server = stubServer({
    clients,
    viewer: () => {
      asked += 1;
      return null;
    },
  });
  let url = '';
  beforeAll(async () => {
    ({ url } = await server.listen());
  });
  afterAll(() => server.close());
  const app = (version: string) => ({
    'graphql-client-name': 'mobile-ios',
    'graphql-client-version': version,
  });

  test('an app below its minimum is told to upgrade, before anything else', async () => {
    for (const query of ['{ hello }', '{ never }', 'not GraphQL']) {
      const { data, codes, status } = await send(url, { query }, app('2.2.0'));
      expect([data, codes]).toEqual([null, ['CLIENT_UPGRADE_REQUIRED']]);
      expect(status).toBe(name === 'WebSocket' ? null : 403);
    }
    expect(asked).toBe(0);
  });

  test('a newer one is answered, and its version is in the log', async () => {
    server.log.length = 0;
    const { data } = await send(url, { query: '{ hello }' }, app('2.3.0'));
    expect(data).toEqual({ hello: 'hello world' });
    expect(server.log[0]?.fields['client']).toEqual({ name: 'mobile-ios', version: '2.3.0' });
  });
});

describe('the address of a client', () => {
  const from = (remoteAddress: string, forwarded?: string, hops = 0) =>
    clientAddress(
      {
        socket: { remoteAddress } as never, // all that is read of it
        headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
      },
      hops,
    );

  test.each([
    ['is the socket’s', '192.0.2.7', undefined, 0, '192.0.2.7'],
    ['is an IPv4 one in IPv6’s clothes', '::ffff:192.0.2.7', undefined, 0, '192.0.2.7'],
    ['is a network in IPv6', '2001:db8:1:2:3:4:5:6', undefined, 0, '2001:db8:1:2::/64'],
    ['is one network however it is written', '2001:DB8::9', undefined, 0, '2001:db8:0:0::/64'],
    ['has no zone', 'fe80::1%eth0', undefined, 0, 'fe80:0:0:0::/64'],
    ['is never what it claims', '192.0.2.7', '203.0.113.9', 0, '192.0.2.7'],
    ['is what one proxy saw', '10.0.0.1', '1.1.1.1, 203.0.113.9', 1, '203.0.113.9'],
    [
      'is what the outer of two saw',
      '10.0.0.1',
      '1.1.1.1, 203.0.113.9, 10.0.0.2',
      2,
      '203.0.113.9',
    ],
    ['comes with a port from some', '10.0.0.1', '203.0.113.9:4711', 1, '203.0.113.9'],
    ['comes in brackets from some', '10.0.0.1', '[2001:db8::9]:4711', 1, '2001:db8:0:0::/64'],
    ['is the proxy’s when nonsense came', '10.0.0.1', 'unknown', 1, '10.0.0.1'],
    ['is the proxy’s when nothing came', '10.0.0.1', undefined, 1, '10.0.0.1'],
  ])('%s', (_, remote, forwarded, hops, expected) => {
    expect(from(remote, forwarded, hops)).toBe(expected);
  });
});
