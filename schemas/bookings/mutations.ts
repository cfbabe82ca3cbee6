import { randomUUID } from 'node:crypto';
import { jobObject } from 'tailorbird';
import { bookings } from './backend.ts';
import { BookingRef } from './booking.ts';
import { builder } from './builder.ts';
import type { Booking } from './contract.ts';
import { bookFlightJob } from './jobs.ts';

const BookFlightInput = builder.inputType('BookFlightInput', {
  fields: (t) => ({
    flightId: t.id({ required: true }),
    seat: t.string({ required: true, description: 'Row 1 to 99 and a letter A to K: `14C`.' }),
    idempotencyKey: t.string({
      description:
        'Chosen by the app, new for each booking, the same when it tries again: a repeat books nothing more.',
    }),
  }),
});

const CancelBookingInput = builder.inputType('CancelBookingInput', {
  fields: (t) => ({ bookingId: t.id({ required: true }) }),
});

const BookFlightPayload = builder.objectRef<{ booking: Booking }>('BookFlightPayload').implement({
  fields: (t) => ({ booking: t.expose('booking', { type: BookingRef }) }),
});

const CancelBookingPayload = builder
  .objectRef<{ booking: Booking }>('CancelBookingPayload')
  .implement({ fields: (t) => ({ booking: t.expose('booking', { type: BookingRef }) }) });

const JobRef = jobObject(builder);

builder.mutationType({});

builder.mutationFields((t) => ({
  bookFlight: t.withAuth({ scope: 'bookings.write' }).field({
    type: BookFlightPayload,
    nullable: false,
    description: 'Books a seat for the viewer. CONFLICT when the seat is taken.',
    args: { input: t.arg({ type: BookFlightInput, required: true }) },
    resolve: async (_, { input }, context) => {
      const idempotencyKey = input.idempotencyKey ?? randomUUID();
      const booking = await bookings.api(context).call(
        'CreateBooking',
        {
          idempotencyKey,
          travellerId: context.viewer.subject,
          flightId: input.flightId,
          seat: input.seat,
        },
        { idempotencyKey },
      );
      return { booking };
    },
  }),
  bookFlightLater: t.withAuth({ scope: 'bookings.write' }).field({
    type: JobRef,
    nullable: false,
    description:
      'Books a seat for the viewer even when bookings are down now. The result has the `bookingId`; CONFLICT when the seat is taken by then.',
    args: { input: t.arg({ type: BookFlightInput, required: true }) },
    resolve: (_, { input: { idempotencyKey, ...input } }, context) =>
      bookFlightJob.enqueue(context, input, { idempotencyKey }),
  }),
  cancelBooking: t.withAuth({ scope: 'bookings.write' }).field({
    type: CancelBookingPayload,
    nullable: false,
    description: "Cancels one of the viewer's bookings. CONFLICT when it is cancelled already.",
    args: { input: t.arg({ type: CancelBookingInput, required: true }) },
    resolve: async (_, { input }, context) => {
      const travellerId = context.viewer.subject;
      const booking = await bookings
        .api(context)
        .call('CancelBooking', { id: input.bookingId, travellerId });
      return { booking };
    },
  }),
}));
