import { timestampToDate } from 'tailorbird';
import { builder } from './builder.ts';
import type { Booking } from './contract.ts';
import { TravellerRef } from './traveller-stub.ts';

/** A flight as bookings know it: by its id alone. */
const FlightRef = builder.objectRef<{ readonly id: string }>('Flight');

FlightRef.implement({ fields: (t) => ({ id: t.exposeID('id', { nullable: false }) }) });

const BookingStatus = builder.enumType('BookingStatus', {
  description: 'Where a booking stands.',
  values: {
    CONFIRMED: {
      value: 'BOOKING_STATUS_CONFIRMED',
      description: "The seat is the traveller's.",
    },
    CANCELLED: {
      value: 'BOOKING_STATUS_CANCELLED',
      description: 'Given up; the seat is free again.',
    },
  } as const,
});

export const BookingRef = builder.objectRef<Booking>('Booking');

BookingRef.implement({
  description: 'A seat on a flight, booked by a traveller.',
  authScopes: { scope: 'bookings.read' },
  fields: (t) => ({
    id: t.exposeID('id', { nullable: false }),
    flight: t.reference('flightId', { type: FlightRef, key: 'id' }),
    traveller: t.reference('travellerId', {
      type: TravellerRef,
      key: 'id',
      description: 'Who booked.',
    }),
    seat: t.exposeString('seat', {
      nullable: false,
      description: 'Row and letter, such as `14C`.',
    }),
    status: t.field({
      type: BookingStatus,
      nullable: false,
      resolve: ({ id, status }) => {
        if (status !== 'BOOKING_STATUS_UNSPECIFIED') return status;
        throw new Error(`bookings answered booking ${id} without a status`);
      },
    }),
    createdAt: t.field({
      type: 'DateTime',
      nullable: false,
      description: 'When it was booked.',
      resolve: (booking) => timestampToDate(booking.createdAt),
    }),
  }),
});

export const BookingConnection = builder.connectionObject({
  type: BookingRef,
  name: 'BookingConnection',
  authScopes: { scope: 'bookings.read' },
});
