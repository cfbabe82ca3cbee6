import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { installed, privateNats, privateRedis } from './private-brokers.ts';

const main = new URL('./toy-main.ts', import.meta.url);

/** A service with one thing, that counts how often it is asked. */
async function thingsService() {
  const state = { value: 'old', asked: 0, url: '' };
  const server = createServer((request, response) => {
    state.asked += 1;
    const ids = new URL(request.url ?? '', 'http://things').searchParams.getAll('ids').join(',');
    const items = ids.split(',').map((id) => ({ id, value: state.value }));
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ items }));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return state;
}

/** A bff in a process of its own. */
async function bffProcess(settings: Readonly<Record<string, string>>) {
  const child = fork(main, {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the bff ended with ${code}`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      const line = String(chunk)
        .split('\n')
        .find((text) => text.startsWith('{"url"'));
      if (line !== undefined) resolve((JSON.parse(line) as { url: string }).url);
    });
  });
  return {
    ask: async (query: string) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      return (await response.json()) as { data: { thing?: { value: string } } };
    },
  };
}

describe.each([
  ['REDIS_URL', 'redis-server', privateRedis],
  ['NATS_URL', 'nats-server', privateNats],
] as const)('two processes with %s', (variable, program, start) => {
  it.skipIf(!installed(program))(
    'drop what an event of one made stale in both within 100 ms, whole answers too',
    { timeout: 20_000 },
    async () => {
      const server = await start();
      onTestFinished(() => server.remove());
      const things = await thingsService();
      const settings = { [variable]: server.url, THINGS_URL: things.url };
      const [one, two] = await Promise.all([bffProcess(settings), bffProcess(settings)]);
      const query = '{ thing(id: "7") { value } }';
      const valueIn = async (bff: typeof one) => (await bff.ask(query)).data.thing?.value;
      const late: number[] = [];
      for (let round = 0; round < 10; round += 1) {
        for (const bff of [one, two]) {
          for (let time = 0; time < 3; time += 1) expect(await valueIn(bff)).toBe(things.value);
        }
        const { asked } = things;
        await Promise.all([valueIn(one), valueIn(two)]);
        expect(things.asked).toBe(asked); // both answer from what they keep

        things.value = `new ${round}`;
        const [teller, hearer] = round % 2 === 0 ? [one, two] : [two, one];
        const startedAt = performance.now();
        await teller.ask('mutation { change(id: "7") { id } }');
        const toldAt = performance.now();
        expect(await valueIn(teller)).toBe(things.value);
        while ((await valueIn(hearer)) !== things.value) {
          if (performance.now() - startedAt > 2_000) throw new Error('it was never dropped');
        }
        late.push(performance.now() - toldAt);
      }
      // The median, since other tests share the machine; none may wait for anything but the event.
      late.sort((left, right) => left - right);
      expect(late[5]).toBeLessThan(100);
      expect(late.at(-1)).toBeLessThan(1_000);
    },
  );
});
