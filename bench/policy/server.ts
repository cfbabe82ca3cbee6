/**
 * The posts bff in production profile with some controls switched off, for `bench/policy-cost.ts`.
 * Env: `UPSTREAM`, `OIDC_ISSUER`, `OFF`, the controls as JSON. Says over IPC where it answers, then
 * on each message how much CPU it has used, in microseconds.
 */
import {
  type BackendPolicy,
  bearerAuth,
  createServer,
  defineBff,
  defineRestBackend,
  type Transport,
} from 'tailorbird';
import { plainEndpoint } from '../../src/backend/endpoint.ts';
import { effectivePolicy } from '../../src/backend/policy.ts';
import { restTransport } from '../../src/backend/rest-transport.ts';
import { Metrics } from '../../src/telemetry/metrics.ts';
import { postsSubschema, usersSubschema } from '../ours/posts-graph.ts';
import type { Control } from './controls.ts';

const off = new Set(JSON.parse(process.env['OFF'] ?? '[]') as Control[]);
const endpoint = plainEndpoint(new URL(process.env['UPSTREAM'] ?? ''));

/** As many connections as there are clients, and otherwise the default policy. */
const policy: BackendPolicy = {
  maxConnections: 64,
  timeoutMs: 10_000,
  ...(off.has('breaker') && { breaker: false }),
  ...(off.has('retries') && { retries: 0 }),
  ...(off.has('ejection') && { outlierEjection: false }),
};

function transportOf(name: string): Transport {
  const definition = { name, endpoints: endpoint.url.href, policy };
  if (!off.has('policy toward backends')) return defineRestBackend(definition).connect([endpoint]);
  return restTransport(endpoint.url, effectivePolicy({ ...definition, kind: 'rest' }));
}

if (off.has('metrics')) {
  const nothing = (): void => {};
  const own = ['operationStarted', 'operationEnded', 'answered', 'responseSent', 'turned'] as const;
  for (const method of own) Metrics.prototype[method] = nothing;
}

const ignore = (): void => {};
const server = createServer(
  defineBff({ name: 'bench', subschemas: [postsSubschema, usersSubschema] }),
  {
    port: 0,
    host: '127.0.0.1',
    environment: 'production',
    // The load names its operation by text, which costs the same once it is known.
    persistedOnly: false,
    backends: { posts: transportOf('posts'), users: transportOf('users') },
    rateLimit: !off.has('rate limits'),
    limits: {
      // All load comes from one viewer at one address.
      budgetPoints: 1e12,
      addressRequests: 1e12,
      eventLoopDelayMs: 10_000,
      ...(off.has('deadlines') && { queryDeadlineMs: Number.POSITIVE_INFINITY }),
    },
    ...(off.has('load shedding') && {
      load: {
        refuses: () => false,
        takes: () => true,
        ended: ignore,
        turn: () => null,
        atOnce: Number.POSITIVE_INFINITY,
        close: ignore,
      },
    }),
    ...(off.has('log') && { logger: { debug: ignore, info: ignore, warn: ignore, error: ignore } }),
    ...(!off.has('identity') && {
      auth: bearerAuth({ audience: 'urn:faults', clientId: 'bench', developmentSecret: 'bench' }),
    }),
  },
);
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuUs: user + system });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ url: (await server.listen()).url });
