import { describe, expect, it } from 'vitest';
import { lateError } from '../../src/backend/call.ts';
import { factsOf, grpcStatusFacts, httpStatusFacts } from '../../src/backend/wire-failure.ts';
import { BackendError } from '../../src/error.ts';
import { callOf } from './resilience/fake-wire.ts';

describe('what policies know of a failure', () => {
  it.each([
    [400, false, false],
    [404, false, false],
    [429, false, true],
    [500, true, false],
    [502, true, true],
    [503, true, true],
    [504, true, false],
  ])('HTTP %i: blamed %s, transient %s', (status, blamed, transient) => {
    expect(httpStatusFacts(status, undefined)).toMatchObject({ blamed, transient });
  });

  it.each([
    [2, true, false],
    [3, false, false],
    [4, true, false],
    [8, false, false],
    [13, true, false],
    [14, true, true],
  ])('gRPC %i: blamed %s, transient %s', (status, blamed, transient) => {
    expect(grpcStatusFacts(status, 'x', undefined)).toMatchObject({ blamed, transient });
  });

  it('Retry-After is seconds or a date', () => {
    const soon = new Date(Date.now() + 60_000).toUTCString();
    expect(httpStatusFacts(503, '2').retryAfterMs).toBe(2_000);
    expect(httpStatusFacts(503, soon).retryAfterMs).toBeGreaterThan(58_000);
    expect(httpStatusFacts(503, 'soon').retryAfterMs).toBe(0);
    expect(grpcStatusFacts(14, 'x', '300').retryAfterMs).toBe(300);
  });

  it('a deadline noticed much too late is not the backend’s', () => {
    const late = (ms: number) => factsOf(lateError(callOf({ deadline: performance.now() - ms })));
    expect(late(1)).toMatchObject({ blamed: true, transient: false });
    expect(late(200)).toMatchObject({ blamed: false, transient: false });
  });

  it('an error of another transport says it by its code', () => {
    const facts = (code: ConstructorParameters<typeof BackendError>[0]['code'], retryable = true) =>
      factsOf(new BackendError({ code, backend: 'x', message: '', retryable }));
    expect(facts('UPSTREAM_TIMEOUT')).toMatchObject({ blamed: true, transient: false });
    expect(facts('UPSTREAM_UNAVAILABLE')).toMatchObject({ blamed: true, transient: true });
    expect(facts('UPSTREAM_UNAVAILABLE', false)).toMatchObject({ transient: false });
    expect(facts('CIRCUIT_OPEN')).toMatchObject({ blamed: false, transient: false });
    expect(factsOf(new Error('a bug'))).toMatchObject({ blamed: false, transient: false });
  });
});
