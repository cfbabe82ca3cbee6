import { expect, test } from 'vitest';
import { createReceiver, isVerdict } from '../../../src/events/webhooks/receive.ts';
import { standardKey } from '../../../src/events/webhooks/signatures/standard-webhooks.ts';
import { standardSigned } from './signers.ts';
import { bigSource, partnerSecret } from './webhook-server.ts';

const receiver = () =>
  createReceiver({
    sources: [{ source: bigSource, keys: [standardKey(partnerSecret)] }],
    intake: { accept: () => Promise.resolve('accepted'), close: () => Promise.resolve() },
    observer: { webhook: () => {} },
    arrivingLimitBytes: 30_000_000,
  });

function arrivingAt({ begin }: ReturnType<typeof receiver>, headers: Record<string, string>) {
  const begun = begin('big', (name) => headers[name] ?? null, null);
  if (isVerdict(begun)) throw new Error(`it was refused: ${begun.why}`);
  return begun;
}

function chunksOf(body: string): Buffer[] {
  const size = 65_536;
  return Array.from({ length: Math.ceil(body.length / size) }, (_, index) =>
    Buffer.from(body.slice(index * size, (index + 1) * size)),
  );
}

const large = `{"number":1,"pad":"${'x'.repeat(25_000_000)}"}`;

test('while 25 MB are read everybody else has a turn, and they count as arriving', async () => {
  const one = receiver();
  const headers = standardSigned(partnerSecret, 'msg_large', large);
  const arriving = arrivingAt(one, headers);
  for (const chunk of chunksOf(large)) expect(arriving.take(chunk)).toBeNull();
  let isOver = false;
  let turns = 0;
  const statuses = new Set<number | undefined>();
  const turn = () => {
    if (isOver) return;
    turns += 1;
    statuses.add(arrivingAt(one, headers).take(Buffer.alloc(10_000_000))?.status);
    setImmediate(turn);
  };
  setImmediate(turn);
  const verdict = await arriving.end();
  isOver = true;
  expect(verdict).toEqual({ status: 204, why: null });
  expect(turns).toBeGreaterThan(3);
  expect([...statuses]).toEqual([503]);
  expect(arrivingAt(one, headers).take(Buffer.alloc(10_000_000))).toBeNull();
});

test('a large body that is no object is refused, and holds nothing any more', async () => {
  const one = receiver();
  for (const body of [`[${large}]`, `${large}}`, large.slice(0, -1)]) {
    const headers = standardSigned(partnerSecret, 'msg_broken', body);
    const arriving = arrivingAt(one, headers);
    for (const chunk of chunksOf(body)) expect(arriving.take(chunk)).toBeNull();
    expect((await arriving.end()).status).toBe(400);
  }
});

test('a forged one is refused without being read', async () => {
  const headers = standardSigned(partnerSecret, 'msg_forged', `${large} `);
  const arriving = arrivingAt(receiver(), headers);
  for (const chunk of chunksOf(large)) arriving.take(chunk);
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  expect((await arriving.end()).status).toBe(401);
  expect(turned).toBe(false);
});

test('a form is refused when it is longer than 1 MiB, announced or not', () => {
  const one = receiver();
  const headers: Record<string, string> = {
    ...standardSigned(partnerSecret, 'msg_form', 'a='),
    'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
  };
  const announced = one.begin('big', (name) => headers[name] ?? null, 1_048_577);
  expect(announced).toMatchObject({ status: 413, why: 'its body is longer than 1048576 bytes' });
  expect(arrivingAt(one, headers).take(Buffer.alloc(1_048_577))?.status).toBe(413);
  expect(arrivingAt(one, headers).take(Buffer.alloc(1_048_576))).toBeNull();
});
