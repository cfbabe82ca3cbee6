import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../src/backend/endpoint.ts';
import { defineGrpcBackend } from '../../src/backend/grpc-backend.ts';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import { env, type Setting } from '../../src/backend/setting.ts';
import {
  SettingsError,
  endpointsOf,
  readPort,
  resolveSettings,
} from '../../src/backend/settings.ts';

const rest = (endpoints: Setting | string) =>
  endpointsOf(defineRestBackend({ name: 'airports', endpoints }));

const proto = new URL('./flights.proto', import.meta.url);
const grpc = (endpoints: Setting | string) =>
  endpointsOf(
    defineGrpcBackend({ name: 'flights', endpoints, proto, service: 'flights.v1.Flights' }),
  );

const hrefs = (endpoints: readonly Endpoint[]) => endpoints.map(({ url }) => url.href);

function problemsOf(resolve: () => unknown): readonly string[] {
  try {
    resolve();
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

describe('settings', () => {
  it('come from the environment, or else from their fallback', () => {
    const uses = {
      airports: rest(env('AIRPORTS_URL', 'http://127.0.0.1:4101')),
      others: rest(env('OTHERS_URL', 'http://127.0.0.1:4101')),
      fixed: rest('http://fixed/v1'),
      flights: grpc(env('FLIGHTS_URL')),
    };
    const values = resolveSettings(uses, {
      AIRPORTS_URL: 'http://a:1, https://b/v2',
      OTHERS_URL: '',
      FLIGHTS_URL: '127.0.0.1:4102,[::1]:4102,http://c:3,grpcs://d:443',
    });
    expect(hrefs(values.airports)).toEqual(['http://a:1/', 'https://b/v2']);
    expect(hrefs(values.others)).toEqual(['http://127.0.0.1:4101/']);
    expect(hrefs(values.fixed)).toEqual(['http://fixed/v1']);
    expect(hrefs(values.flights)).toEqual([
      'grpc://127.0.0.1:4102',
      'grpc://[::1]:4102',
      'http://c:3/',
      'grpcs://d:443',
    ]);
  });

  it('are reported all at once, each with variable, value, rule and example', () => {
    const uses = {
      airports: rest(env('AIRPORTS_URL')),
      flights: grpc(env('FLIGHTS_URL', '127.0.0.1:4102')),
      port: {
        setting: env('PORT', '4001', 'a port'),
        purpose: 'the public port',
        example: '4001',
        read: readPort,
      },
      fixed: rest('ftp://files'),
    };
    const problems = problemsOf(() =>
      resolveSettings(uses, { FLIGHTS_URL: 'flights', PORT: '65536' }),
    );
    expect(problems).toEqual([
      'AIRPORTS_URL (backend "airports") is not set: expected a URL, such as http://127.0.0.1:4101',
      'FLIGHTS_URL (backend "flights") is "flights": expected a port after the host, such as 127.0.0.1:4102 or grpcs://flights:443',
      'PORT (the public port) is "65536": expected a port from 0 to 65535, such as 4001',
      'backend "airports" is "ftp://files": expected a URL with http or https, such as http://127.0.0.1:4101',
    ]);
  });

  it.each([
    ['127.0.0.1:4101', 'expected a URL with http or https'],
    ['localhost', 'expected a URL with http or https'],
    ['http://', 'expected a URL with http or https'],
    ['http://a:99999', 'expected a port up to 65535'],
    ['http://a,,http://b', 'expected no empty item between commas'],
    ['http://a,', 'expected no empty item between commas'],
    ['http://a?x=1', 'expected nothing after the path'],
    ['http://a;weight=0', 'expected weight to be a whole number from 1 to 1000'],
    ['http://a;priority=first', 'expected priority to be a whole number from 0 to 9'],
    ['http://a;zone=', 'expected zone to be letters, digits, ".", "_" or "-"'],
    [
      'http://a;wieght=2',
      'expected weight=, zone=, priority= or group= after ";", but got "wieght=2"',
    ],
  ])('refuse %j for a REST backend', (text, rule) => {
    const [problem] = problemsOf(() => resolveSettings({ rest: rest(env('A')) }, { A: text }));
    expect(problem).toContain(
      `A (backend "airports") is ${JSON.stringify(text)}: ${rule}, such as`,
    );
  });

  it.each([
    ['ftp://a:1', 'expected host:port, or a URL with http, https, grpc or grpcs'],
    ['a:99999', 'expected a port up to 65535'],
    ['a:1/path', 'expected nothing after the port'],
    [':4102', 'expected host:port, or a URL with http, https, grpc or grpcs'],
  ])('refuse %j for a gRPC backend', (text, rule) => {
    const [problem] = problemsOf(() => resolveSettings({ grpc: grpc(env('A')) }, { A: text }));
    expect(problem).toContain(rule);
  });

  it('never print a password', () => {
    const environment = { A: 'http://me:secret@host' };
    const [problem] = problemsOf(() => resolveSettings({ rest: rest(env('A')) }, environment));
    expect(problem).toContain('"http://***@host": expected no user name or password');
  });
});

describe('endpoints', () => {
  it('say their weight, zone, priority and group', () => {
    const text = 'http://a/v1 ; weight=2;zone=eu-1 , http://b;priority=1;group=canary';
    const { airports } = resolveSettings({ airports: rest(env('A')) }, { A: text });
    expect(airports).toEqual([
      { url: new URL('http://a/v1'), weight: 2, zone: 'eu-1', priority: 0, group: null },
      { url: new URL('http://b'), weight: 1, zone: null, priority: 1, group: 'canary' },
    ]);
  });
});
