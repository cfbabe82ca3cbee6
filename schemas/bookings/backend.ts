import { defineGrpcBackend, env } from 'tailorbird';
import type { Bookings } from './contract.ts';

/** Seats that travellers booked: gRPC, `bookings.proto`. */
export const bookings = defineGrpcBackend<Bookings>({
  name: 'bookings',
  endpoints: env('BOOKINGS_URL', 'http://127.0.0.1:4103'),
  proto: new URL('./bookings.proto', import.meta.url),
  service: 'bookings.v1.Bookings',
  auth: { audience: 'urn:bookings' },
});
