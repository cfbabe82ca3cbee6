import { builder } from './builder.ts';

/** An airport as flights know it: by its code alone. */
export interface AirportStub {
  readonly iata: string;
}

export const AirportRef = builder.objectRef<AirportStub>('Airport');
