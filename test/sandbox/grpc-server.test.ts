import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import {
  credentials,
  loadPackageDefinition,
  type ServiceClientConstructor,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { protoPath as healthProto } from 'grpc-health-check';
import { expect, it } from 'vitest';
import { createCallLog } from '../../sandbox/service/call-log.ts';
import { type GrpcMethod, startGrpcServer } from '../../sandbox/service/grpc-server.ts';
import { listen, PortInUseError } from '../../sandbox/service/listen.ts';
import { grpcClient } from './grpc-client.ts';

const proto = join(import.meta.dirname, '../../schemas/flights/flights.proto');
const service = 'flights.v1.Flights';
const calls = createCallLog('test');

const start = (methods: Record<string, GrpcMethod<never>> = {}, port = 0) =>
  startGrpcServer({ port, proto, service, methods, calls });

it('says over the health protocol that it serves', async () => {
  const server = await start();
  const definitions = loadPackageDefinition(loadSync(healthProto)) as unknown as {
    grpc: { health: { v1: { Health: ServiceClientConstructor } } };
  };
  const client = new definitions.grpc.health.v1.Health(
    new URL(server.url).host,
    credentials.createInsecure(),
  );
  const answer = await new Promise((resolve, reject) => {
    client['Check']?.({ service }, (error: Error | null, value: unknown) =>
      error ? reject(error) : resolve(value),
    );
  });
  expect(answer).toMatchObject({ status: 1 });
  client.close();
  await server.close();
});

it('tells its services by reflection', async () => {
  const server = await start();
  const file = join(
    import.meta.dirname,
    '../../node_modules/@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto',
  );
  const definitions = loadPackageDefinition(loadSync(file)) as unknown as {
    grpc: { reflection: { v1: { ServerReflection: ServiceClientConstructor } } };
  };
  const client = new definitions.grpc.reflection.v1.ServerReflection(
    new URL(server.url).host,
    credentials.createInsecure(),
  );
  const stream = client['ServerReflectionInfo']?.();
  stream.write({ listServices: '' });
  const [answer] = await once(stream, 'data');
  expect(answer.listServicesResponse.service).toContainEqual({ name: service });
  stream.end();
  client.close();
  await server.close();
});

it('waits for a slow reader instead of piling up messages', async () => {
  const plenty = 200_000;
  let made = 0;
  const server = await start({
    WatchDepartures: {
      async *stream() {
        for (; made < plenty; made++) yield { flight: { id: String(made) } };
      },
    },
    GetFlight: { unary: () => ({}) },
  });
  const client = grpcClient(server.url, 'flights/flights.proto', service);
  const stream = client.open('WatchDepartures', {});
  stream.on('error', () => {});
  await once(stream, 'readable');
  for (let before = -1; before !== made; ) {
    before = made;
    for (let turn = 0; turn < 20; turn++) await client.call('GetFlight', {});
  }
  expect(made).toBeLessThan(plenty / 4);
  stream.cancel();
  client.close();
  await server.close();
});

it('keeps what went wrong inside to itself', async () => {
  const server = await start({
    GetFlight: {
      unary() {
        throw new Error('SELECT secret');
      },
    },
  });
  const { error } = console;
  const logged: unknown[] = [];
  console.error = (value: unknown) => logged.push(value);
  const client = grpcClient(server.url, 'flights/flights.proto', service);
  await expect(client.call('GetFlight', {})).rejects.toMatchObject({
    code: status.INTERNAL,
    details: 'the service failed; its log says why',
  });
  console.error = error;
  expect(logged).toEqual([new Error('SELECT secret')]);
  client.close();
  await server.close();
});

it('names the port that is in use', async () => {
  const other = createServer();
  const port = await listen(other, 0);
  await expect(start({}, port)).rejects.toEqual(new PortInUseError(port));
  other.close();
});
