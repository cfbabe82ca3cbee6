import { defineSubschema } from 'tailorbird';
import { bookings } from './backend.ts';
import { builder } from './builder.ts';
import { bookFlightJob } from './jobs.ts';
import './booking.ts';
import './mutations.ts';
import './traveller.ts';

export const bookingsSubschema = defineSubschema({
  backend: bookings,
  builder,
  jobs: [bookFlightJob],
  merge: { Traveller: { key: 'id', entry: '_travellersWithBookings' } },
});
