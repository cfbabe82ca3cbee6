import { defineBff } from 'tailorbird';
import { airportsSubschema } from '../schemas/airports/index.ts';
import { bookingsSubschema } from '../schemas/bookings/index.ts';
import { flightsSubschema } from '../schemas/flights/index.ts';
import { travellersSubschema } from '../schemas/travellers/index.ts';
import { airportPage } from './fields/airport-page.ts';

export const web = defineBff({
  name: 'web',
  subschemas: [airportsSubschema, flightsSubschema, bookingsSubschema, travellersSubschema],
  fields: [airportPage],
  operations: './operations',
});
