import { describe, expect, it } from 'vitest';
import { BackendError } from '../../src/error.ts';
import type { BatchCache } from '../../src/load/batch.ts';
import { createCaches, invalidate } from '../../src/load/caches.ts';
import { decodeValue, encodeValue } from '../../src/load/shared-value.ts';
import { contextOver } from '../backend/request-context.ts';
import {
  type Answers,
  airportByIata,
  everyAirport,
  gate,
  liveAirports,
  settled,
  taggedAirports,
} from './airports.ts';
import { MemoryRoom } from './memory-store.ts';

function instanceIn(room: MemoryRoom, answers: Answers = everyAirport, now?: () => number) {
  const store = room.store();
  const backend = liveAirports(answers, now);
  createCaches({ backends: [backend.live], store });
  return { ...backend, store };
}

const forMinutes: BatchCache = { scope: 'public', ttlMs: 60_000 };

describe('a shared store', () => {
  it('is read once for a column, and only for what this process has not got', async () => {
    const room = new MemoryRoom();
    const [one, other] = [instanceIn(room), instanceIn(room)];
    const batch = airportByIata(forMinutes);
    await batch.loadMany(contextOver([one.live]), ['A', 'B', 'A']);
    expect(one.store.reads).toHaveLength(1);
    expect(one.store.reads[0]).toHaveLength(2);
    const column = await batch.loadMany(contextOver([other.live]), ['C', 'B', 'A', 'B']);
    expect(column).toMatchObject([{ iata: 'C' }, { iata: 'B' }, { iata: 'A' }, { iata: 'B' }]);
    expect(other.asked).toEqual([['C']]);
    expect(other.store.reads).toHaveLength(1);
    expect(batch.loadMany(contextOver([other.live]), ['A', 'B', 'C'])).not.toBeInstanceOf(Promise);
  });

  it('fails the keys that were looked for when the look itself throws', async () => {
    const store = new MemoryRoom().store();
    const { live } = liveAirports();
    createCaches({ backends: [live], store });
    Object.defineProperty(store, 'ready', {
      get() {
        throw new Error('gone');
      },
    });
    const column = await airportByIata(forMinutes).loadMany(contextOver([live]), ['A', 'B']);
    expect(column).toEqual([new Error('gone'), new Error('gone')]);
  });

  it('is read once for more keys than a call may carry', async () => {
    const room = new MemoryRoom();
    const one = instanceIn(room);
    const keys = Array.from({ length: 5 }, (_, index) => `K${index}`);
    await airportByIata(forMinutes, 2).loadMany(contextOver([one.live]), keys);
    expect(one.store.reads).toHaveLength(1);
    expect(one.asked).toEqual([['K0', 'K1'], ['K2', 'K3'], ['K4']]);
  });

  it('is read once by operations that ask at the same moment', async () => {
    const one = instanceIn(new MemoryRoom());
    const batch = airportByIata(forMinutes);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => batch.load(contextOver([one.live]), 'A')),
    );
    expect(answers.filter((answer) => answer?.iata === 'A')).toHaveLength(50);
    expect(one.store.reads).toHaveLength(1);
    expect(one.asked).toEqual([['A']]);
  });

  it('lends a value for what is left of its lifetime', async () => {
    let time = 0;
    const now = () => time;
    const room = new MemoryRoom(now);
    const [one, other] = [instanceIn(room, everyAirport, now), instanceIn(room, everyAirport, now)];
    const batch = airportByIata({ scope: 'public', ttlMs: 10_000, staleWhileRevalidateMs: 0 });
    await batch.load(contextOver([one.live]), 'A');
    time = 8_000;
    await batch.load(contextOver([other.live]), 'A');
    time = 11_500;
    await batch.load(contextOver([other.live]), 'A');
    expect(other.asked).toEqual([['A']]);
  });

  it('never shows a viewer what another keeps, nor tells who keeps it', async () => {
    const room = new MemoryRoom();
    const [one, other] = [instanceIn(room), instanceIn(room)];
    const batch = airportByIata({ scope: 'viewer', ttlMs: 60_000 });
    const load = (from: typeof one, subject?: string) =>
      batch.load(contextOver([from.live], subject === undefined ? {} : { subject }), 'A');
    await load(one, 'ann@example.com');
    await load(other, 'bob@example.com');
    expect(other.asked).toHaveLength(1);
    await load(other, 'ann@example.com');
    expect(other.asked).toHaveLength(1);
    await load(other);
    expect(other.asked).toHaveLength(2);
    expect(room.entries.size).toBe(2);
    expect([...room.entries.keys()].join()).not.toMatch(/ann|bob|example/);
  });

  it('never holds an error, a gap, a short-lived value or what JSON would change', async () => {
    const room = new MemoryRoom();
    const cases: [Answers, BatchCache][] = [
      [
        (codes) => {
          throw new BackendError({
            code: 'UPSTREAM_UNAVAILABLE',
            backend: 'airports',
            message: codes.join(),
          });
        },
        forMinutes,
      ],
      [() => [], forMinutes],
      [everyAirport, { scope: 'public', ttlMs: 500 }],
      [everyAirport, { scope: 'public' }],
      [everyAirport, { scope: 'none' }],
      [(codes) => codes.map((iata) => ({ iata, at: new Date() })), forMinutes],
    ];
    for (const [answers, cache] of cases) {
      const one = instanceIn(room, answers);
      await airportByIata(cache).loadMany(contextOver([one.live]), ['A']);
    }
    expect(room.entries.size).toBe(0);
  });

  it('costs no turn of the loop while it is away', async () => {
    const one = instanceIn(new MemoryRoom());
    one.store.ready = false;
    await airportByIata(forMinutes).load(contextOver([one.live]), 'A');
    expect(one.store.reads).toEqual([]);
    expect(one.asked).toEqual([['A']]);
  });

  it('drops a tag in every instance, and takes no value that was fetched before', async () => {
    const room = new MemoryRoom();
    const open = gate();
    const [one, other] = [
      instanceIn(room),
      instanceIn(room, async (codes, call) => {
        if (other!.asked.length === 1) await open.promise;
        return everyAirport(codes, call);
      }),
    ];
    const batch = taggedAirports();
    const fetching = batch.load(contextOver([other!.live]), 'ATL');
    await settled();
    await batch.load(contextOver([one!.live]), 'ATL');
    await invalidate(contextOver([one!.live]), ['Airport:ATL']);
    open.resolve();
    await fetching;
    expect(room.entries.size).toBe(0);
    await batch.load(contextOver([other!.live]), 'ATL');
    await batch.load(contextOver([one!.live]), 'ATL');
    expect([one!.asked, other!.asked]).toEqual([[['ATL']], [['ATL'], ['ATL']]]);
  });

  it('drops everything with a tag when word of some may have been missed', async () => {
    const one = instanceIn(new MemoryRoom());
    const batch = taggedAirports();
    await batch.load(contextOver([one.live]), 'ATL');
    one.store.ready = false;
    one.store.hear(null);
    await batch.load(contextOver([one.live]), 'ATL');
    expect(one.asked).toHaveLength(2);
  });

  it('forgets a key in every instance', async () => {
    const room = new MemoryRoom();
    const [one, other] = [instanceIn(room), instanceIn(room)];
    const batch = airportByIata(forMinutes);
    await batch.loadMany(contextOver([one.live]), ['A', 'B']);
    await batch.loadMany(contextOver([other.live]), ['A', 'B']);
    batch.forget(contextOver([one.live]), ['A']);
    await batch.loadMany(contextOver([other.live]), ['A', 'B']);
    expect([one.asked, other.asked]).toEqual([[['A', 'B']], [['A']]]);
  });

  it('refuses two batches of one name that load alike', async () => {
    const { live } = liveAirports();
    await airportByIata(forMinutes).load(contextOver([live]), 'A');
    expect(() => airportByIata(forMinutes).loadMany(contextOver([live]), ['A'])).toThrow(
      'two batches are named "airportByIata" and load alike: their values would be mixed up in the shared store; give each a name of its own',
    );
  });
});

describe('a value as text', () => {
  it.each([
    [{ a: 1, b: [null, 'x', { c: true }], d: undefined }],
    ['text\nwith a line'],
    [[]],
    [0],
    [Object.assign(Object.create(null), { a: 1 })],
  ])('comes back: %j', (value) => {
    const text = encodeValue(value, 1_234.6);
    expect(decodeValue(text!)).toEqual({ value, freshUntil: 1_235 });
  });

  it.each([
    [new Date(0)],
    [{ a: 1n }],
    [{ a: Number.NaN }],
    [new Map()],
    [Buffer.from('x')],
    [[undefined]],
    [{ toJSON: () => 1 }],
  ])('is none for what JSON would change: %o', (value) => {
    expect(encodeValue(value, 0)).toBeUndefined();
  });

  it('is none for a value within itself', () => {
    const value: Record<string, unknown> = {};
    value['self'] = value;
    expect(encodeValue(value, 0)).toBeUndefined();
  });

  it.each(['', 'x', '12', '12\n{', '\n1'])('is not read from %j', (text) => {
    expect(decodeValue(text)).toBeUndefined();
  });
});
