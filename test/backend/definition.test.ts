import { describe, expect, it } from 'vitest';
import { defineGraphqlBackend } from '../../src/backend/graphql-backend.ts';
import { defineGrpcBackend } from '../../src/backend/grpc-backend.ts';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import { env } from '../../src/backend/setting.ts';
import { defineQueueBackend } from '../../src/events/queue-backend.ts';

const makers = { defineRestBackend, defineGrpcBackend, defineGraphqlBackend, defineQueueBackend };

describe.each(Object.entries(makers))('%s', (maker, define) => {
  function told(options: object): string {
    const service = { proto: new URL('./flights.proto', import.meta.url), service: 'a.B' };
    const own = maker === 'defineGrpcBackend' ? service : {};
    try {
      define({ name: 'airports', endpoints: 'http://127.0.0.1:1', ...own, ...options } as never);
    } catch (error) {
      return (error as Error).message.replace(/^test\/backend\/definition\.test\.ts:\d+/, 'here');
    }
    return 'nothing';
  }

  it('takes a URL, and a setting', () => {
    expect(told({})).toBe('nothing');
    expect(told({ endpoints: env('AIRPORTS_URL', 'http://127.0.0.1:1') })).toBe('nothing');
  });

  it.each<[object, RegExp]>([
    [{ endpoint: 'x' }, /has no option "endpoint"; it has name, .* Did you mean "endpoints"\?$/],
    [{ polcy: {} }, /has no option "polcy"; .* Did you mean "policy"\?$/],
    [{ name: undefined }, /: name must be the service's, but got: undefined$/],
    [{ endpoints: undefined }, /: endpoints must be a URL, or env\(.*\), but got: undefined$/],
    [{ endpoints: ['http://a'] }, /: endpoints must be a URL, or env\(.*\), but got: a list of 1$/],
  ])('refuses %j', (options, message) => {
    expect(told(options)).toMatch(new RegExp(`^here: ${maker}`));
    expect(told(options)).toMatch(message);
  });
});
