import { describe, expect, it } from 'vitest';
import type { BackendPolicy } from '../../src/backend/backend.ts';
import { defineGrpcBackend } from '../../src/backend/grpc-backend.ts';
import { plainEndpoint } from '../../src/backend/endpoint.ts';
import { effectivePolicy, policyOf } from '../../src/backend/policy.ts';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';

const effective = (policy: BackendPolicy, kind: 'rest' | 'grpc' = 'rest') =>
  effectivePolicy({ name: 'airports', kind, policy });

describe('a policy', () => {
  it('has every number of the published defaults, and prints them', () => {
    expect(JSON.parse(JSON.stringify(effective({})))).toEqual({
      timeoutMs: 1_000,
      connectTimeoutMs: 500,
      maxResponseBytes: 8_388_608,
      maxConnections: 32,
      resilience: 'own',
      retries: 1,
      retryMinDelayMs: 25,
      retryMaxDelayMs: 250,
      idempotent: null,
      breaker: {
        failureShare: 0.5,
        leastCalls: 20,
        windowMs: 10_000,
        openMs: 5_000,
        maxOpenMs: 60_000,
        probes: 3,
      },
      hedging: false,
      retryBudget: { share: 0.1, perSecond: 3, windowMs: 10_000 },
      bulkhead: { maxInFlight: 64, maxWaiting: 64, maxWaitMs: 100 },
      outlierEjection: { failuresInARow: 5, ejectMs: 30_000, maxShare: 0.5 },
      failover: { leastHealthyShare: 0.5, backAfterMs: 30_000, writes: false },
      zone: null,
      split: {},
      healthCheck: false,
      operations: {},
    });
    expect(effective({}, 'grpc').maxResponseBytes).toBe(4_194_304);
  });

  it('is set for a backend, then for its operations', () => {
    const policy = effective({
      timeoutMs: 800,
      breaker: { openMs: 1_000 },
      operations: {
        'GET /airports': { timeoutMs: 300, breaker: { probes: 1 }, hedging: {} },
        'POST /search': { idempotent: true, breaker: false },
      },
    });
    expect(policyOf(policy, 'GET /airports')).toMatchObject({
      timeoutMs: 300,
      retries: 1,
      breaker: { openMs: 1_000, probes: 1, leastCalls: 20 },
      hedging: { percentile: 0.95, maxShare: 0.05 },
    });
    expect(policyOf(policy, 'POST /search')).toMatchObject({
      timeoutMs: 800,
      idempotent: true,
      breaker: false,
      hedging: false,
    });
    expect(policyOf(policy, 'GET /other')).toBe(policy);
  });

  it.each<[unknown, string]>([
    [{ timeoutMs: 0 }, 'policy.timeoutMs must be a number from 1 to 86400000, but got: 0'],
    [
      { timeoutMs: Number.NaN },
      'policy.timeoutMs must be a number from 1 to 86400000, but got: NaN',
    ],
    [{ retries: 2 }, 'policy.retries must be a whole number from 0 to 1, but got: 2'],
    [{ timeout: 5 }, 'policy.timeout is no option; did you mean "timeoutMs"?'],
    [
      { breaker: { failureShare: 50 } },
      'policy.breaker.failureShare must be a number from 0.001 to 1, but got: 50',
    ],
    [{ breaker: true }, 'policy.breaker must be an object of options, or false, but got: true'],
    [{ resilience: 'none' }, 'policy.resilience must be "own" or "mesh", but got: "none"'],
    [{ zone: 7 }, 'policy.zone must be text, but got: 7'],
    [
      { split: { canary: { clients: 'ios' } } },
      'policy.split["canary"].clients must be a list of texts, but got: "ios"',
    ],
    [
      { operations: { 'GET airports': {} } },
      'policy.operations["GET airports"]: an operation is named by method and path template, such as "GET /airports/{iata}"',
    ],
    [
      { operations: { 'GET /airports': { timeoutMs: -1 } } },
      'policy.operations["GET /airports"].timeoutMs must be a number from 1 to 86400000, but got: -1',
    ],
    [
      { retryMinDelayMs: 300 },
      'policy.retryMinDelayMs must be at most retryMaxDelayMs (250), but got: 300',
    ],
  ])('refuses %j when it is defined', (policy, message) => {
    const definition = { name: 'airports', endpoints: 'http://a', policy: policy as BackendPolicy };
    expect(() => defineRestBackend(definition)).toThrow(`backend "airports": ${message}`);
  });

  it('refuses an operation that the contract lacks', () => {
    const flights = defineGrpcBackend({
      name: 'flights',
      endpoints: 'a:1',
      proto: new URL('./flights.proto', import.meta.url),
      service: 'flights.v1.Flights',
      policy: { operations: { 'flights.v1.Flights/GetFligth': { timeoutMs: 5 } } },
    });
    expect(() => flights.connect([plainEndpoint(new URL('grpc://a:1'))])).toThrow(
      'backend "flights": policy.operations has "flights.v1.Flights/GetFligth", which is not in the contract; did you mean "flights.v1.Flights/GetFlight"?',
    );
  });
});
