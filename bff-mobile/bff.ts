import { defineBff } from 'tailorbird';
import { airportsSubschema } from '../schemas/airports/index.ts';
import { bookingsSubschema } from '../schemas/bookings/index.ts';
import { flightsSubschema } from '../schemas/flights/index.ts';
import { travellersSubschema } from '../schemas/travellers/index.ts';
import { departureBoard } from './fields/departure-board.ts';
import { flightFields } from './fields/flight.ts';

export const mobile = defineBff({
  name: 'mobile',
  subschemas: [airportsSubschema, flightsSubschema, bookingsSubschema, travellersSubschema],
  fields: [flightFields, departureBoard],
  tailor: {
    hide: ['Airport.latitude', 'Airport.longitude'],
    defaults: {
      'Airport.departures.first': 10,
      'Query.airports.first': 10,
      'Traveller.bookings.first': 10,
    },
  },
  operations: './operations',
});
