import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BackendName, Fault, Order, Tally } from './fault.ts';
import { Load } from './load.ts';
import type { Figure, Row } from './row.ts';

/** What a policy did, as the library publishes it, and when it was heard of. */
export interface SeenEvent {
  readonly at: number;
  readonly kind: string;
  readonly backend: string;
  readonly endpoint?: string;
  readonly phase?: string;
}

/** The fake backends, the bff in front of them, and a load on it. */
export interface Rig {
  readonly load: Load;
  readonly events: readonly SeenEvent[];
  fault(name: BackendName, fault: Fault): Promise<void>;
  tally(name: BackendName): Promise<Tally>;
  close(): Promise<void>;
}

/** A row that has the backends and the bff of a rig. */
export interface RigRow {
  readonly name: string;
  readonly run: (rig: Rig, scale: number) => Promise<readonly Figure[]>;
}

/** It has processes of its own, so that it inherits the breakers of no other. */
export function onRig({ name, run }: RigRow): Row {
  return {
    name,
    async run(scale) {
      const rig = await startRig();
      try {
        return await run(rig, scale);
      } finally {
        await rig.close();
      }
    },
  };
}

type Unnumbered = Order extends infer Each
  ? Each extends Order
    ? Omit<Each, 'id'>
    : never
  : never;

export async function startRig(): Promise<Rig> {
  const backends = startChild('./backends.ts', {});
  const { ports } = (await message(backends, 'ports')) as { ports: object };
  const bff = startChild('./bff.ts', { PORTS: JSON.stringify(ports) });
  const events: SeenEvent[] = [];
  bff.on('message', ({ event }: { event?: Omit<SeenEvent, 'at'> }) => {
    if (event) events.push({ ...event, at: performance.now() });
  });
  const { url } = (await message(bff, 'url')) as { url: string };
  const waiting = new Map<number, (tally: Tally) => void>();
  backends.on('message', ({ id, tally }: { id: number; tally: Tally }) => waiting.get(id)?.(tally));
  let id = 0;
  const order = (what: Unnumbered): Promise<Tally> =>
    new Promise((resolve) => {
      waiting.set(++id, resolve);
      backends.send({ id, ...what });
    });
  const load = new Load(url);
  return {
    load,
    events,
    async fault(name, fault) {
      await order({ kind: 'fault', name, fault });
    },
    tally: (name) => order({ kind: 'tally', name }),
    async close() {
      await load.close();
      for (const child of [bff, backends]) child.disconnect();
    },
  };
}

function startChild(file: string, env: Record<string, string>): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), {
    env: { ...process.env, ...env, NODE_ENV: 'development' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

function message(child: ChildProcess, key: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.on('message', (sent: object) => key in sent && resolve(sent));
    child.once('exit', (code) => reject(new Error(`a process of the rig ended with ${code}`)));
  });
}
