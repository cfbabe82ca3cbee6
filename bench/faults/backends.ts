/** The fake backends, in a process of their own; obeys `Order`s over IPC. */
import { fileURLToPath } from 'node:url';
import {
  Server,
  ServerCredentials,
  type UntypedServiceImplementation,
  loadPackageDefinition,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { type BackendName, type Fault, type Order, type Tally, backendNames } from './fault.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { HttpFake, healthyMs } from './http-fake.ts';

interface Fake {
  turn(fault: Fault): Promise<void>;
  tally(): Tally;
}

const fakes = new Map<BackendName, Fake>();
const ports: Partial<Record<BackendName, number>> = {};
for (const name of backendNames) {
  if (name === 'gamma') {
    const gamma = await startGamma();
    fakes.set(name, gamma.fake);
    ports[name] = gamma.port;
  } else {
    const fake = new HttpFake();
    ports[name] = await fake.listen();
    fakes.set(name, fake);
  }
}
process.on('message', async (order: Order) => {
  const fake = fakes.get(order.name)!;
  if (order.kind === 'fault') await fake.turn(order.fault);
  process.send?.({ id: order.id, ...(order.kind === 'tally' && { tally: fake.tally() }) });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ports });

/** A gRPC service behind the proxy, which hangs and dies for it. */
async function startGamma(): Promise<{ fake: Fake; port: number }> {
  let fault: Fault = { kind: 'none' };
  let calls = 0;
  const file = fileURLToPath(new URL('./gamma.proto', import.meta.url));
  const { gamma } = loadPackageDefinition(loadSync(file)) as unknown as {
    gamma: { v1: { Gamma: { service: object } } };
  };
  const server = new Server();
  const implementation: UntypedServiceImplementation = {
    GetItem(_call: unknown, answer: (error: object | null, value?: object) => void) {
      calls += 1;
      if (fault.kind === 'unavailable' && calls % fault.every === 0) {
        answer({ code: 14, details: 'as told' });
        return;
      }
      const ms = fault.kind === 'slow' ? 10 * healthyMs : healthyMs;
      setTimeout(answer, ms, null, { value: 'ok' });
    },
  };
  server.addService(gamma.v1.Gamma.service as never, implementation);
  const behind = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
  const proxy: FaultProxy = await startFaultProxy(behind);
  return {
    port: proxy.port,
    fake: {
      async turn(next) {
        fault = next;
        await proxy.turn(
          next.kind === 'hang' ? 'hang' : next.kind === 'killed' ? 'killed' : 'pass',
        );
      },
      tally() {
        const tally = { calls, effects: {} };
        calls = 0;
        return tally;
      },
    },
  };
}
