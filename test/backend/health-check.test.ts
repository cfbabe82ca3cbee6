import { Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { defineGrpcBackend } from '../../src/backend/grpc-backend.ts';
import { createLiveBackend } from '../../src/backend/live-backend.ts';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import { httpServer } from './servers.ts';

const healthCheck = { intervalMs: 20, healthyAfter: 1, unhealthyAfter: 1 };

/** The health of each endpoint, in their order. */
function healthOf(definition: Parameters<typeof createLiveBackend>[0], endpoints: readonly URL[]) {
  const { transport } = createLiveBackend(definition, { endpoints });
  onTestFinished(() => transport.close());
  return () => transport.state?.().endpoints.map(({ health }) => health);
}

describe('a health check', () => {
  it('asks a REST backend for its path', async () => {
    const status = { b: 200 };
    const paths = new Set<string | undefined>();
    const a = await httpServer((_request, response) => response.writeHead(204).end());
    const b = await httpServer((request, response) => {
      paths.add(`${request.method} ${request.url}`);
      response.writeHead(status.b).end();
    });
    const policy = { healthCheck: { ...healthCheck, path: '/ready' } };
    const definition = defineRestBackend({ name: 'airports', endpoints: 'http://unused', policy });
    const health = healthOf(definition, [a, new URL('/v1', b)]);
    status.b = 503;
    await expect.poll(health).toEqual(['healthy', 'unhealthy']);
    status.b = 200;
    await expect.poll(health).toEqual(['healthy', 'healthy']);
    expect([...paths]).toEqual(['GET /v1/ready']);
  });

  it('asks a gRPC backend for the health of its service', async () => {
    const start = async () => {
      const implementation = new HealthImplementation({ 'flights.v1.Flights': 'SERVING' });
      const server = new Server();
      implementation.addToServer(server);
      const port = await new Promise<number>((resolve, reject) => {
        server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
          error ? reject(error) : resolve(bound),
        );
      });
      onTestFinished(() => server.forceShutdown());
      return { url: new URL(`grpc://127.0.0.1:${port}`), implementation };
    };
    const [a, b] = await Promise.all([start(), start()]);
    const definition = defineGrpcBackend({
      name: 'flights',
      endpoints: 'unused:1',
      proto: new URL('./flights.proto', import.meta.url),
      service: 'flights.v1.Flights',
      policy: { healthCheck: { ...healthCheck, service: 'flights.v1.Flights' } },
    });
    const health = healthOf(definition, [a.url, b.url]);
    b.implementation.setStatus('flights.v1.Flights', 'NOT_SERVING');
    await expect.poll(health).toEqual(['healthy', 'unhealthy']);
    b.implementation.setStatus('flights.v1.Flights', 'SERVING');
    await expect.poll(health).toEqual(['healthy', 'healthy']);
  });
});
