import { builder } from './builder.ts';

/** A traveller as bookings know it: by its id alone. */
export interface TravellerStub {
  readonly id: string;
}

export const TravellerRef = builder.objectRef<TravellerStub>('Traveller');
