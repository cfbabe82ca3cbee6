import { connectionOf, pageSize, pageStart } from 'tailorbird';
import { bookings } from './backend.ts';
import { BookingConnection } from './booking.ts';
import { builder } from './builder.ts';
import { TravellerRef } from './traveller-stub.ts';

TravellerRef.implement({
  fields: (t) => ({
    id: t.exposeID('id', { nullable: false }),
    bookings: t.field({
      type: BookingConnection,
      description: 'What they booked, newest first. Only the traveller sees it.',
      args: {
        first: t.arg.int({ required: true, defaultValue: 20, description: 'At most 100.' }),
        after: t.arg.string({ description: 'A cursor of this list; what comes after it.' }),
      },
      authScopes: (traveller, _args, { viewer }) => viewer?.subject === traveller.id,
      resolve: async (traveller, { first, after }, context) => {
        const start = pageStart(after);
        const page = await bookings.api(context).call('ListBookings', {
          travellerId: traveller.id,
          pageSize: pageSize(first),
          pageToken: start.token,
          skip: start.skip,
        });
        return connectionOf(page.bookings, start, page.nextPageToken || null);
      },
    }),
  }),
});

builder.queryField('_travellersWithBookings', (t) =>
  t.entry({ type: TravellerRef, keys: 'ids', load: (ids) => ids.map((id) => ({ id })) }),
);
