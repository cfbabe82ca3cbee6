import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import type { BackendAnswer, LiveBackend, Transport } from '../../../src/backend/backend.ts';
import { inTurn } from '../../../src/server/admission/in-turn.ts';
import { Turns } from '../../../src/server/admission/turns.ts';

/** So many that wait for their turn at once, each of which then works for so long; the order in which they did. */
async function crowd(turns: Turns, size: number, workMs: number): Promise<number[]> {
  const order: number[] = [];
  const one = async (index: number): Promise<void> => {
    await turns.next();
    block(workMs);
    order.push(index);
  };
  await Promise.all(Array.from({ length: size }, (_, index) => one(index)));
  return order;
}

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('nobody waits while there is little to do', () => {
  const turns = new Turns();
  expect(Array.from({ length: 20 }, () => turns.next())).toEqual(Array(20).fill(null));
  expect(turns.readMeanWaitMs()).toBe(0);
});

test('beyond two milliseconds of a round they go on in the order they came', async () => {
  const turns = new Turns();
  expect(turns.next()).toBeNull();
  block(3);
  expect(await crowd(turns, 12, 1)).toEqual(Array.from({ length: 12 }, (_, index) => index));
});

test('between them the event loop goes round, so that whoever comes is heard', async () => {
  const turns = new Turns();
  turns.next();
  block(6);
  let rounds = 0;
  let over = false;
  const count = () => {
    rounds += 1;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  await crowd(turns, 20, 3);
  over = true;
  // What takes longer than two goes alone.
  expect(rounds).toBeGreaterThan(19 * 16);
});

test('new connections are taken while others have their turns', async () => {
  const turns = new Turns();
  let taken = 0;
  const server = createServer((socket) => {
    taken += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  for (let each = 0; each < 40; each += 1) connect(port, '127.0.0.1').on('error', () => {});
  turns.next();
  block(6);
  await crowd(turns, 40, 2);
  expect(taken).toBeGreaterThanOrEqual(40);
  await new Promise((resolve) => server.close(resolve));
});

test('what was waited for is told once, and who waits still counts', async () => {
  const turns = new Turns();
  turns.next();
  block(6);
  const last = crowd(turns, 1, 0);
  turns.readMeanWaitMs();
  block(10);
  expect(turns.readMeanWaitMs()).toBeGreaterThan(9);
  await last;
  expect(turns.readMeanWaitMs()).toBeGreaterThan(9);
  expect(turns.readMeanWaitMs()).toBe(0);
});

test('a backend’s answer is handed over in turn, and its failure at once', async () => {
  const answer: BackendAnswer = { value: 1, headers: {}, bytes: 1 };
  const transport = {
    call: async ({ operation }: { operation: string }) => {
      if (operation === 'fails') throw new Error('down');
      return answer;
    },
    close: async () => {},
  } as unknown as Transport; // its calls need no more
  const live: LiveBackend = { name: 'items', transport, shared: new Map() };
  let turn = () => {};
  const backends = inTurn(new Map([['items', live]]), {
    turn: () => new Promise((resolve) => (turn = resolve)),
  });
  const paced = backends.get('items')!;
  expect(paced.shared).toBe(live.shared);
  const call = (operation: string) => paced.transport.call({ operation } as never); // as above
  await expect(call('fails')).rejects.toThrow('down');
  let got: unknown;
  const works = call('works').then((given) => (got = given));
  await new Promise(setImmediate);
  expect(got).toBeUndefined();
  turn();
  await works;
  expect(got).toBe(answer);
});
