import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { openSeeded } from '../service/database.ts';
import { seededBookings } from './seeded-bookings.ts';

export type StoredStatus = 'CONFIRMED' | 'CANCELLED';

/** A booking as stored; `createdAtMs` in milliseconds since 1970. */
export interface BookingRow {
  readonly id: string;
  readonly travellerId: string;
  readonly flightId: string;
  readonly seat: string;
  readonly status: StoredStatus;
  readonly createdAtMs: number;
}

/** The sort key of a traveller's bookings, newest first; `sequence` breaks ties. */
export interface BookingPosition {
  readonly createdAtMs: number;
  readonly sequence: number;
}

export interface NewBooking {
  readonly idempotencyKey: string;
  readonly travellerId: string;
  readonly flightId: string;
  readonly seat: string;
}

export interface BookingStore {
  one(id: string): BookingRow | null;
  /** Newest first, after `after`. */
  ofTraveller(
    travellerId: string,
    page: { readonly limit: number; readonly skip: number; readonly after: BookingPosition | null },
  ): (BookingRow & BookingPosition)[];
  /** The booking, or why there is none: the seat is taken, or the key was used for something else. */
  create(booking: NewBooking): BookingRow | 'seat taken' | 'key reused';
  /** The booking as it is then, or why not. */
  cancel(id: string, travellerId: string): BookingRow | 'not found' | 'cancelled already';
  close(): void;
}

/** Opens the bookings, seeding a few for each traveller on the first start. */
export function openBookings(dataDir: string): BookingStore {
  const database = openSeeded({ dataDir, name: 'bookings', version: 1, seed });
  const columns = `sequence, id, traveller_id AS travellerId, flight_id AS flightId, seat, status,
    created_at_ms AS createdAtMs`;
  const byId = database.prepare(`SELECT ${columns} FROM bookings WHERE id = ?`);
  const byKey = database.prepare(
    `SELECT ${columns} FROM bookings WHERE traveller_id = ? AND idempotency_key = ?`,
  );
  const byTraveller = database.prepare(`
    SELECT ${columns} FROM bookings
    WHERE traveller_id = :travellerId
      AND (:createdAtMs IS NULL OR (created_at_ms, sequence) < (:createdAtMs, :sequence))
    ORDER BY created_at_ms DESC, sequence DESC LIMIT :limit OFFSET :skip`);
  const bySeat = database.prepare(
    `SELECT id FROM bookings WHERE flight_id = ? AND seat = ? AND status = 'CONFIRMED'`,
  );
  const insert = database.prepare(insertBooking);
  const cancel = database.prepare(`UPDATE bookings SET status = 'CANCELLED' WHERE id = ?`);

  // The columns are the fields of the row types.
  const one = (id: string) => (byId.get(id) as BookingRow | undefined) ?? null;

  return {
    one,
    ofTraveller: (travellerId, { limit, skip, after }) =>
      byTraveller.all({
        travellerId,
        createdAtMs: after?.createdAtMs ?? null,
        sequence: after?.sequence ?? null,
        limit,
        skip,
      }) as unknown[] as (BookingRow & BookingPosition)[],
    create: (booking) =>
      transaction(database, () => {
        const { idempotencyKey, travellerId, flightId, seat } = booking;
        const earlier = byKey.get(travellerId, idempotencyKey) as BookingRow | undefined;
        if (earlier) {
          return earlier.flightId === flightId && earlier.seat === seat ? earlier : 'key reused';
        }
        if (bySeat.get(flightId, seat)) return 'seat taken';
        const id = randomUUID();
        insert.run(id, travellerId, flightId, seat, 'CONFIRMED', Date.now(), idempotencyKey);
        return one(id) ?? 'seat taken';
      }),
    cancel: (id, travellerId) =>
      transaction(database, () => {
        const booking = one(id);
        if (booking?.travellerId !== travellerId) return 'not found';
        if (booking.status === 'CANCELLED') return 'cancelled already';
        cancel.run(id);
        return { ...booking, status: 'CANCELLED' };
      }),
    close: () => database.close(),
  };
}

const insertBooking = `
  INSERT INTO bookings (id, traveller_id, flight_id, seat, status, created_at_ms, idempotency_key)
  VALUES (?, ?, ?, ?, ?, ?, ?)`;

function seed(database: DatabaseSync): void {
  database.exec(`
    CREATE TABLE bookings (
      sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, traveller_id TEXT NOT NULL,
      flight_id TEXT NOT NULL, seat TEXT NOT NULL, status TEXT NOT NULL,
      created_at_ms INTEGER NOT NULL, idempotency_key TEXT NOT NULL,
      UNIQUE (traveller_id, idempotency_key));
    CREATE UNIQUE INDEX bookings_by_seat ON bookings (flight_id, seat) WHERE status = 'CONFIRMED';
    CREATE INDEX bookings_by_traveller ON bookings (traveller_id, created_at_ms, sequence);`);
  const insert = database.prepare(insertBooking);
  for (const { id, travellerId, flightId, seat, status, createdAt } of seededBookings) {
    insert.run(id, travellerId, flightId, seat, status, Date.parse(createdAt), `seed-${id}`);
  }
}

/** Runs `work` with the database to itself; also when two processes have the file open. */
function transaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
