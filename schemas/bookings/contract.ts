// Generated from bookings.proto by `npm run codegen`. Do not edit.

/**
 * Where a booking stands.
 *
 * - `BOOKING_STATUS_UNSPECIFIED`: Never answered.
 * - `BOOKING_STATUS_CONFIRMED`: The seat is the traveller's.
 * - `BOOKING_STATUS_CANCELLED`: Given up; the seat is free again.
 */
export type BookingStatus = 'BOOKING_STATUS_UNSPECIFIED' | 'BOOKING_STATUS_CONFIRMED' | 'BOOKING_STATUS_CANCELLED';

/** A seat on a flight, booked by a traveller. */
export interface Booking {
  /** The booking's id. */
  readonly id: string;
  /** Id of the traveller who booked. */
  readonly travellerId: string;
  /** Id of the flight. */
  readonly flightId: string;
  /** The seat: row and letter, as in `14C`. */
  readonly seat: string;
  /** Where the booking stands. */
  readonly status: BookingStatus;
  /** When it was booked. */
  readonly createdAt: Timestamp | null;
}

/** Whose bookings to list, and which page. */
export interface ListBookingsRequest {
  /** The traveller's id. */
  readonly travellerId?: string | null;
  /** Most bookings to answer with, from 1 to 100; 0 or absent means 20. */
  readonly pageSize?: number | null;
  /** `next_page_token` of the page before, asked with the same traveller. Empty for the first page. */
  readonly pageToken?: string | null;
  /**
   * How many bookings to pass over, counted from the token or from the first; at most 100. A page
   * can so start after any booking of the page before.
   */
  readonly skip?: number | null;
}

/** A page of bookings. */
export interface ListBookingsResponse {
  /** Newest first. */
  readonly bookings: readonly Booking[];
  /** What to ask the next page with; empty when this is the last. Not to be taken apart. */
  readonly nextPageToken: string;
}

/** Which booking to get. */
export interface GetBookingRequest {
  /** The booking's id. */
  readonly id?: string | null;
}

/** Which bookings to get. */
export interface BatchGetBookingsRequest {
  /** The bookings' ids. At most 200. */
  readonly ids?: readonly string[] | null;
}

/** The bookings found. */
export interface BatchGetBookingsResponse {
  /** In no promised order. */
  readonly bookings: readonly Booking[];
}

/** What to book, and for whom. */
export interface CreateBookingRequest {
  /**
   * Chosen by the caller, new for each booking and the same when trying again; 1 to 128 characters.
   * Two travellers may use the same key.
   */
  readonly idempotencyKey?: string | null;
  /** Id of the traveller who books. */
  readonly travellerId?: string | null;
  /** Id of the flight. */
  readonly flightId?: string | null;
  /** The seat: row 1 to 99 and a letter from A to K, as in `14C`. */
  readonly seat?: string | null;
}

/** What to cancel, and for whom. */
export interface CancelBookingRequest {
  /** The booking's id. */
  readonly id?: string | null;
  /** Id of the traveller whose booking it is. */
  readonly travellerId?: string | null;
}

export interface Timestamp {
  readonly seconds: string;
  readonly nanos: number;
}

/**
 * Seats that travellers have booked on flights.
 *
 * Travellers and flights are named by their ids; whether they exist is not checked here.
 */
export interface Bookings {
  /** A page of a traveller's bookings, newest first, cancelled ones included. */
  ListBookings: { request: ListBookingsRequest; response: ListBookingsResponse };
  /** One booking. NOT_FOUND when no booking has the id. */
  GetBooking: { request: GetBookingRequest; response: Booking };
  /** The bookings with these ids, each once, in no promised order; unknown ids are left out. */
  BatchGetBookings: { request: BatchGetBookingsRequest; response: BatchGetBookingsResponse };
  /**
   * Books a seat. ALREADY_EXISTS when the seat of this flight is taken. Sent again with the same
   * idempotency key, it answers with the first booking and books nothing more; with the same key but
   * another flight or seat it is refused with INVALID_ARGUMENT.
   */
  CreateBooking: { request: CreateBookingRequest; response: Booking };
  /**
   * Cancels a booking and frees its seat. NOT_FOUND when the traveller has no booking with the id,
   * FAILED_PRECONDITION when it is cancelled already.
   */
  CancelBooking: { request: CancelBookingRequest; response: Booking };
}
