import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { type CallerIdentity, createAccessCheck, mayAccess } from '../service/access-token.ts';
import { createCallLog } from '../service/call-log.ts';
import { defaultDataDir } from '../service/database.ts';
import {
  invalidArgument,
  readBatch,
  readPageToken,
  readRequired,
  readSize,
  readSkip,
} from '../service/grpc-parameters.ts';
import { GrpcError, startGrpcServer } from '../service/grpc-server.ts';
import { encodePageToken } from '../service/page-token.ts';
import type { ProtectedServiceOptions, RunningService } from '../service/service.ts';
import { type BookingRow, type BookingStore, type NewBooking, openBookings } from './store.ts';

const proto = join(import.meta.dirname, '../../schemas/bookings/bookings.proto');
const maxBatchSize = 200;
const seatPattern = /^[1-9]\d?[A-K]$/;

/**
 * Starts the bookings service: `schemas/bookings/bookings.proto` over gRPC. With an issuer, every
 * call carries an access token for `urn:bookings`: travellers see and change their own bookings, a
 * client reads all and books for whom it names.
 */
export async function startBookings(
  options: ProtectedServiceOptions = {},
): Promise<RunningService> {
  const store = openBookings(options.dataDir ?? defaultDataDir);
  const calls = createCallLog('bookings', options.print);
  try {
    const server = await startGrpcServer({
      port: options.port ?? 0,
      proto,
      service: 'bookings.v1.Bookings',
      methods: methodsOf(store),
      calls,
      check: options.issuer ? createAccessCheck(options.issuer, 'urn:bookings') : null,
    });
    return {
      name: 'bookings',
      url: server.url,
      callsUrl: server.callsUrl,
      calls,
      async close() {
        await server.close();
        store.close();
      },
    };
  } catch (error) {
    store.close();
    throw error;
  }
}

interface PageRequest {
  readonly travellerId: string;
  readonly pageSize: number;
  readonly pageToken: string;
  readonly skip: number;
}

function methodsOf(store: BookingStore) {
  return {
    ListBookings: {
      unary: (request: PageRequest, caller: CallerIdentity | null) =>
        listBookings(store, request, caller),
    },
    GetBooking: {
      unary({ id }: { readonly id: string }, caller: CallerIdentity | null) {
        const booking = store.one(readRequired('id', id));
        if (booking && mayRead(caller, booking)) return bookingMessage(booking);
        throw notFound(id);
      },
    },
    BatchGetBookings: {
      /** By id, whatever was asked first: the contract promises no order. */
      unary({ ids }: { readonly ids: readonly string[] }, caller: CallerIdentity | null) {
        const bookings = readBatch('ids', ids, maxBatchSize)
          .sort()
          .map((id) => store.one(id))
          .filter((booking) => booking !== null)
          .filter((booking) => mayRead(caller, booking));
        return { bookings: bookings.map(bookingMessage) };
      },
    },
    CreateBooking: {
      unary: (request: NewBooking, caller: CallerIdentity | null) =>
        createBooking(store, request, caller),
    },
    CancelBooking: {
      unary(
        request: { readonly id: string; readonly travellerId: string },
        caller: CallerIdentity | null,
      ) {
        const id = readRequired('id', request.id);
        const travellerId = ownTraveller(request.travellerId, caller, 'bookings.write');
        const result = store.cancel(id, travellerId);
        if (result === 'not found') throw notFound(id);
        if (result === 'cancelled already') {
          throw new GrpcError(status.FAILED_PRECONDITION, `booking "${id}" is cancelled already`);
        }
        return bookingMessage(result);
      },
    },
  };
}

/** The traveller that a request names, when its caller may speak for them. */
function ownTraveller(given: string, caller: CallerIdentity | null, scope: string): string {
  const travellerId = readRequired('traveller_id', given);
  if (mayAccess(caller, travellerId, scope)) return travellerId;
  throw new GrpcError(status.PERMISSION_DENIED, 'the bookings are those of another traveller');
}

function mayRead(caller: CallerIdentity | null, booking: BookingRow): boolean {
  return mayAccess(caller, booking.travellerId, 'bookings.read');
}

function listBookings(store: BookingStore, request: PageRequest, caller: CallerIdentity | null) {
  const travellerId = ownTraveller(request.travellerId, caller, 'bookings.read');
  const size = readSize('page_size', request.pageSize, { max: 100, fallback: 20 });
  const token = readPageToken(travellerId, request.pageToken, ['number', 'number']);
  const found = store.ofTraveller(travellerId, {
    limit: size + 1,
    skip: readSkip(request.skip),
    after: token && { createdAtMs: Number(token[0]), sequence: Number(token[1]) },
  });
  const rows = found.slice(0, size);
  const last = found.length > size ? rows.at(-1) : undefined;
  return {
    bookings: rows.map(bookingMessage),
    nextPageToken: last ? encodePageToken(travellerId, [last.createdAtMs, last.sequence]) : '',
  };
}

function createBooking(store: BookingStore, request: NewBooking, caller: CallerIdentity | null) {
  const idempotencyKey = readRequired('idempotency_key', request.idempotencyKey);
  if (idempotencyKey.length > 128) {
    throw invalidArgument('idempotency_key has more than 128 characters');
  }
  const travellerId =
    caller?.traveller === null // a client books what it was asked to while the traveller may be gone
      ? readRequired('traveller_id', request.travellerId)
      : ownTraveller(request.travellerId, caller, 'bookings.write');
  const flightId = readRequired('flight_id', request.flightId);
  const seat = readRequired('seat', request.seat);
  if (!seatPattern.test(seat)) {
    throw invalidArgument(`seat has to be a row and a letter, as in 14C, but is "${seat}"`);
  }

  const result = store.create({ idempotencyKey, travellerId, flightId, seat });
  if (result === 'seat taken') {
    throw new GrpcError(status.ALREADY_EXISTS, `seat ${seat} of flight "${flightId}" is taken`);
  }
  if (result === 'key reused') {
    throw invalidArgument('idempotency_key was used for another flight or seat; choose a new one');
  }
  return bookingMessage(result);
}

function notFound(id: string): GrpcError {
  return new GrpcError(status.NOT_FOUND, `there is no booking "${id}"`);
}

function bookingMessage(booking: BookingRow) {
  const { id, travellerId, flightId, seat, createdAtMs } = booking;
  return {
    id,
    travellerId,
    flightId,
    seat,
    status: `BOOKING_STATUS_${booking.status}`,
    createdAt: {
      seconds: Math.floor(createdAtMs / 1_000),
      nanos: (createdAtMs % 1_000) * 1_000_000,
    },
  };
}
