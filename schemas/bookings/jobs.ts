import { z } from 'zod';
import { defineJob } from 'tailorbird';
import { bookings } from './backend.ts';
import type { Booking } from './contract.ts';

/** Books a seat for whoever asked, as soon as the service answers. Its result is the booking's id. */
export const bookFlightJob = defineJob({
  name: 'bookings.bookFlight',
  input: z.object({ flightId: z.string(), seat: z.string().regex(/^[1-9]\d?[A-K]$/) }),
  key: ({ flightId, seat }) => `${flightId} ${seat}`, // who asked first sits there
  run: async ({ flightId, seat }, { context, viewer, idempotencyKey }) => {
    if (viewer === null) throw new Error('a seat is booked for somebody');
    const booking: Booking = await bookings
      .api(context)
      .call(
        'CreateBooking',
        { idempotencyKey, travellerId: viewer.subject, flightId, seat },
        { idempotencyKey },
      );
    return { bookingId: booking.id };
  },
});
