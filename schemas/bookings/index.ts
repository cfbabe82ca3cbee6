import { defineSubschema } from 'tailorbird';
import { bookings } from './backend.ts';
import { builder } from './builder.ts';
import './booking.ts';
import './mutations.ts';
import './traveller.ts';

export const bookingsSubschema = defineSubschema({
  backend: bookings,
  builder,
  merge: { Traveller: { key: 'id', entry: '_travellersWithBookings' } },
});
