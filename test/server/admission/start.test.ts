import { afterEach, describe, expect, test, vi } from 'vitest';
import { createServer } from 'tailorbird';
import { web } from '../../../bff-web/bff.ts';
import { registeredOperations } from '../../../src/server/admission/registered-operations.ts';
import { listLogger, type LoggedLine, stubServer } from '../../support/stub-server.ts';

const registered = registeredOperations([{ file: 'x', operations: { a: '{ hello }' } }]);
const safe = {
  environment: 'production',
  persistedOnly: true,
  registered,
  drain: { acceptMs: 0 },
} as const;
const webServer = (settings: Record<string, string>, log: LoggedLine[] = []) =>
  createServer(web, { environment: 'production', settings, logger: listLogger(log) });

afterEach(() => vi.unstubAllEnvs());

describe('production does not start', () => {
  test('with TLS verification off', () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    expect(() => stubServer(safe)).toThrow(
      /^NODE_TLS_REJECT_UNAUTHORIZED=0 switches TLS verification off; unset it/,
    );
    expect(() => stubServer()).not.toThrow();
  });

  test('with nothing registered where only registered operations run', () => {
    expect(() => stubServer({ ...safe, registered: registeredOperations([]) })).toThrow(
      /^the "stub" bff has no registered operations.*`npm run codegen`, or set PERSISTED_ONLY=off/,
    );
  });

  test.each(['*', 'https://*.example.com', 'https://app.example.com/', 'app.example.com', 'null'])(
    'with the origin %s',
    (origin) => {
      expect(() => stubServer({ ...safe, origins: [origin] })).toThrow(`the origin "${origin}"`);
    },
  );

  test('with a malformed setting, and names all of them', () => {
    const settings = {
      PERSISTED_ONLY: 'no',
      RATE_LIMIT: '1',
      TRUST_PROXY: 'yes',
      ALLOWED_ORIGINS: '*',
      REDIS_URL: 'localhost',
    };
    const all = Object.keys(settings).map((name) => expect.stringContaining(`${name} (`));
    expect(() => webServer(settings)).toThrow(
      expect.objectContaining({ problems: expect.arrayContaining(all) }),
    );
  });
});

test('what is switched off in production is logged when it starts', async () => {
  const server = stubServer({ ...safe, persistedOnly: false, rateLimit: false });
  await server.listen();
  expect(server.log).toMatchObject([
    {
      level: 'warn',
      message: 'switched off',
      fields: {
        off: [
          'registered operations only: whatever is asked runs',
          'rate limits: nobody has a budget',
        ],
      },
    },
  ]);
  await server.close();
});

describe('a bff in production', () => {
  const ask = async (settings: Record<string, string>, body: object) => {
    const server = webServer(settings);
    const answer = await server.fetch(
      new Request('http://web.invalid/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    );
    await server.close();
    return { headers: answer.headers, body: await answer.json() };
  };

  test('runs the operations of its manifests and no other, with a budget', async () => {
    const query = '{ __typename }';
    expect(await ask({}, { query })).toMatchObject({
      body: { errors: [{ extensions: { code: 'PERSISTED_ONLY' } }] },
    });
    const { headers, body } = await ask({ PERSISTED_ONLY: 'off' }, { query });
    expect(body).toEqual({ data: { __typename: 'Query' } });
    expect(headers.get('ratelimit')).toBe('"budget";r=9999;t=1');
    const unlimited = await ask({ PERSISTED_ONLY: 'off', RATE_LIMIT: 'off' }, { query });
    expect(unlimited.headers.get('ratelimit')).toBeNull();
  });
});
