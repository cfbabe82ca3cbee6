import { timestampToDate } from 'tailorbird';
import { AirportRef } from './airport-stub.ts';
import { flightById, flights } from './backend.ts';
import { builder } from './builder.ts';
import type { Flight } from './contract.ts';

export const FlightRef = builder.objectRef<Flight>('Flight');

FlightRef.implement({
  description: 'A flight from one airport to another.',
  fields: (t) => ({
    id: t.exposeID('id', { nullable: false, description: 'A positive whole number.' }),
    departsAt: t.field({
      type: 'DateTime',
      nullable: false,
      description: 'When it was scheduled to leave.',
      resolve: (flight) => timestampToDate(flight.departsAt),
    }),
    origin: t.field({
      type: AirportRef,
      description: 'Where it leaves from.',
      resolve: (flight) => ({ iata: flight.origin }),
    }),
    destination: t.field({
      type: AirportRef,
      description: 'Where it flies to.',
      resolve: (flight) => ({ iata: flight.destination }),
    }),
    distanceMiles: t.exposeInt('distanceMiles', { nullable: false, description: 'In miles.' }),
    delayMinutes: t.exposeInt('delayMinutes', {
      nullable: false,
      description: 'How late it was, in minutes; negative when early.',
    }),
  }),
});

export const FlightConnection = builder.connectionObject({
  type: FlightRef,
  name: 'FlightConnection',
});

builder.queryFields((t) => ({
  flight: t.field({
    type: FlightRef,
    description: 'One flight by its id; null when none has it.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_, { id }, context) => flightById.load(context, id),
  }),
  _flightsById: t.entry({
    type: FlightRef,
    keys: 'ids',
    load: (ids, context) => flightById.loadMany(context, ids),
  }),
}));

builder.subscriptionType({});

builder.subscriptionField('departures', (t) =>
  t.field({
    type: FlightRef,
    nullable: false,
    description: 'The departures of an airport as they happen; the latest one at once.',
    args: { iata: t.arg.id({ required: true, description: 'Such as `ATL`.' }) },
    subscribe: (_, { iata }, context) =>
      flights.api(context).stream('WatchDepartures', { origin: iata.toUpperCase() }),
    resolve: ({ flight }) => {
      if (flight) return flight;
      throw new Error('flights.v1.Flights/WatchDepartures sent an event without its flight');
    },
  }),
);
