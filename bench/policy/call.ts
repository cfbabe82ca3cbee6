/**
 * What the default policy costs a call: `node bench/policy/call.ts`. The same calls through a bare
 * transport that answers at once and through it under policy, in turns; CPU time of the process.
 */
import type { BackendAnswer, BackendCall, Transport } from '../../src/backend/backend.ts';
import { plainEndpoint } from '../../src/backend/endpoint.ts';
import { effectivePolicy } from '../../src/backend/policy.ts';
import { underPolicy } from '../../src/backend/resilience/compose.ts';
import { median } from '../table.ts';

const rounds = 5;
const callsPerRound = 200_000;
const atOnce = 32;

const answer: BackendAnswer = { value: null, headers: {}, bytes: 0 };
const wire: Transport = {
  call: async () => answer,
  close: async () => {},
};
const call: BackendCall = {
  backend: 'airports',
  operation: 'GET /airports',
  idempotent: true,
  request: { kind: 'rest', method: 'GET', path: '/airports', params: {}, query: {} },
  headers: {},
  signal: new AbortController().signal,
  deadline: performance.now() + 1e9,
};

const contestants = {
  bare: wire,
  'one endpoint': composed(1, {}),
  'three endpoints': composed(3, {}),
  'three endpoints, hedging': composed(3, { hedging: {} }),
};

const costs = new Map<string, number[]>(Object.keys(contestants).map((name) => [name, []]));
for (let round = 0; round < rounds; round++) {
  for (const [name, transport] of Object.entries(contestants)) {
    costs.get(name)!.push(await costOf(transport));
  }
}
const bareUs = median(costs.get('bare')!);
for (const [name, each] of costs) {
  const us = median(each);
  const more = name === 'bare' ? '' : `, ${(us - bareUs).toFixed(2)} µs more than bare`;
  process.stdout.write(`${name.padEnd(26)} ${us.toFixed(2)} µs of CPU a call${more}\n`);
}

/** CPU time of a call, in microseconds. */
async function costOf(transport: Transport): Promise<number> {
  const before = process.cpuUsage();
  const one = async (): Promise<void> => {
    for (let sent = 0; sent < callsPerRound / atOnce; sent++) await transport.call(call);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / callsPerRound;
}

function composed(endpoints: number, policy: object): Transport {
  return underPolicy({
    backend: 'airports',
    endpoints: Array.from({ length: endpoints }, (_, index) =>
      plainEndpoint(new URL(`http://127.0.0.1:${4_101 + index}`)),
    ),
    policy: effectivePolicy({ name: 'airports', kind: 'rest', policy }),
    connect: () => wire,
  });
}
