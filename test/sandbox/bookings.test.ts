import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBookings } from '../../sandbox/bookings/bookings.ts';
import type { RunningService } from '../../sandbox/service/service.ts';
import { grpcClient, type TestClient } from './grpc-client.ts';
import { tempDir } from './temp-dir.ts';

interface Booking {
  readonly id: string;
  readonly travellerId: string;
  readonly flightId: string;
  readonly seat: string;
  readonly status: string;
}

interface BookingsPage {
  readonly bookings: Booking[];
  readonly nextPageToken: string;
}

const dir = tempDir();
let service: RunningService;
let bookings: TestClient;

beforeAll(start);
afterAll(async () => {
  await stop();
  dir[Symbol.dispose]();
});

async function start(): Promise<void> {
  service = await startBookings({ dataDir: dir.path });
  bookings = grpcClient(service.url, 'bookings/bookings.proto', 'bookings.v1.Bookings');
}

async function stop(): Promise<void> {
  bookings.close();
  await service.close();
}

let seats = 0;
const freshSeat = () => ({ flightId: '77', seat: `${++seats}A` });
const create = (request: object) => bookings.call<Booking>('CreateBooking', request);
const list = (request: object) => bookings.call<BookingsPage>('ListBookings', request);
const ids = (page: BookingsPage) => page.bookings.map((booking) => booking.id);

describe('reading', () => {
  it('lists the seeded bookings of a traveller, newest first, cancelled ones included', async () => {
    const page = await list({ travellerId: 'ada' });
    expect(ids(page)).toEqual(['bk-1010', 'bk-1007', 'bk-1004', 'bk-1001']);
    expect(page.bookings[2]).toEqual({
      id: 'bk-1004',
      travellerId: 'ada',
      flightId: '1500',
      seat: '12F',
      status: 'BOOKING_STATUS_CANCELLED',
      createdAt: { seconds: String(Date.parse('2000-12-08T17:31:00Z') / 1_000), nanos: 0 },
    });
  });

  it('pages without gaps or repetitions, also from within a page', async () => {
    const first = await list({ travellerId: 'ada', pageSize: 3 });
    expect(ids(first)).toEqual(['bk-1010', 'bk-1007', 'bk-1004']);
    const second = await list({ travellerId: 'ada', pageSize: 3, pageToken: first.nextPageToken });
    expect([ids(second), second.nextPageToken]).toEqual([['bk-1001'], '']);
    expect(ids(await list({ travellerId: 'ada', pageSize: 2, skip: 1 }))).toEqual([
      'bk-1007',
      'bk-1004',
    ]);
  });

  it('keeps its pages in place when a booking arrives in between', async () => {
    const travellerId = 'pages';
    for (const idempotencyKey of ['a', 'b', 'c'])
      await create({ travellerId, idempotencyKey, ...freshSeat() });
    const before = ids(await list({ travellerId }));
    const { nextPageToken: pageToken } = await list({ travellerId, pageSize: 1 });
    await create({ travellerId, idempotencyKey: 'd', ...freshSeat() });
    expect(ids(await list({ travellerId, pageToken }))).toEqual(before.slice(1));
  });

  it('answers batches without gaps, repetitions or the order asked', async () => {
    const request = { ids: ['bk-1003', 'nope', 'bk-1001', 'bk-1003'] };
    expect(ids(await bookings.call<BookingsPage>('BatchGetBookings', request))).toEqual([
      'bk-1001',
      'bk-1003',
    ]);
  });

  it('is empty for an unknown traveller and NOT_FOUND for an unknown booking', async () => {
    expect(await list({ travellerId: 'nobody' })).toEqual({ bookings: [], nextPageToken: '' });
    await expect(bookings.call('GetBooking', { id: 'nope' })).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
  });
});

describe('booking', () => {
  it('answers with the booking, which can then be read', async () => {
    const booking = await create({ idempotencyKey: 'k1', travellerId: 'grace', ...freshSeat() });
    expect(booking).toMatchObject({
      travellerId: 'grace',
      flightId: '77',
      status: 'BOOKING_STATUS_CONFIRMED',
    });
    expect(await bookings.call('GetBooking', { id: booking.id })).toEqual(booking);
    expect(ids(await list({ travellerId: 'grace', pageSize: 1 }))).toEqual([booking.id]);
  });

  it('books once for one idempotency key, even at the same moment', async () => {
    const request = { idempotencyKey: 'k2', travellerId: 'twice', ...freshSeat() };
    const answers = await Promise.all([create(request), create(request), create(request)]);
    expect(new Set(answers.map((booking) => booking.id)).size).toBe(1);
    expect((await list({ travellerId: 'twice' })).bookings).toHaveLength(1);
  });

  it('refuses the key for something else, but not to another traveller', async () => {
    const idempotencyKey = 'k3';
    await create({ idempotencyKey, travellerId: 'ada', ...freshSeat() });
    await expect(
      create({ idempotencyKey, travellerId: 'ada', ...freshSeat() }),
    ).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
    await expect(
      create({ idempotencyKey, travellerId: 'grace', ...freshSeat() }),
    ).resolves.toBeTruthy();
  });

  it('refuses a seat that is taken, and takes it when it is free again', async () => {
    const seat = freshSeat();
    const { id } = await create({ idempotencyKey: 'k4', travellerId: 'ada', ...seat });
    const request = { idempotencyKey: 'k4', travellerId: 'grace', ...seat };
    await expect(create(request)).rejects.toMatchObject({ code: status.ALREADY_EXISTS });
    await bookings.call('CancelBooking', { id, travellerId: 'ada' });
    expect(await create(request)).toMatchObject({ travellerId: 'grace' });
  });

  it('gives a seat wanted by many to exactly one', async () => {
    const seat = freshSeat();
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) =>
        create({ idempotencyKey: 'k', travellerId: `rush-${index}`, ...seat }),
      ),
    );
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  });

  it.each([
    ['idempotency_key', { idempotencyKey: '' }],
    ['idempotency_key', { idempotencyKey: 'x'.repeat(129) }],
    ['traveller_id', { travellerId: '' }],
    ['flight_id', { flightId: '' }],
    ['seat', { seat: '' }],
    ['seat', { seat: '0A' }],
    ['seat', { seat: '14c' }],
    ['seat', { seat: '14CC' }],
  ])('needs a proper %s', async (field, wrong) => {
    const request = {
      idempotencyKey: 'k5',
      travellerId: 'ada',
      flightId: '1',
      seat: '1A',
      ...wrong,
    };
    await expect(create(request)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining(field),
    });
  });
});

describe('cancelling', () => {
  it('works once', async () => {
    const { id } = await create({ idempotencyKey: 'k6', travellerId: 'ada', ...freshSeat() });
    const cancel = () => bookings.call('CancelBooking', { id, travellerId: 'ada' });
    expect(await cancel()).toMatchObject({ id, status: 'BOOKING_STATUS_CANCELLED' });
    await expect(cancel()).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
  });

  it('does not touch what another traveller has booked', async () => {
    const request = { id: 'bk-1002', travellerId: 'ada' };
    await expect(bookings.call('CancelBooking', request)).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
    expect(await bookings.call('GetBooking', { id: 'bk-1002' })).toMatchObject({
      status: 'BOOKING_STATUS_CONFIRMED',
    });
  });
});

it('has everything again after a restart', async () => {
  const booking = await create({ idempotencyKey: 'k7', travellerId: 'amelia', ...freshSeat() });
  const before = await list({ travellerId: 'amelia' });
  await stop();
  await start();
  expect(await list({ travellerId: 'amelia' })).toEqual(before);
  expect(ids(before)[0]).toBe(booking.id);
});
