import { AirportRef } from './airport-stub.ts';
import { delaysByAirport, departuresByAirport, routesByAirport } from './backend.ts';
import { builder } from './builder.ts';
import type { DelayStats, Route } from './contract.ts';
import { FlightConnection } from './flight.ts';

const RouteRef = builder.objectRef<Route>('Route');

RouteRef.implement({
  description: 'A connection from one airport to another.',
  fields: (t) => ({
    origin: t.reference('origin', {
      type: AirportRef,
      key: 'iata',
      description: 'Where it starts.',
    }),
    destination: t.reference('destination', {
      type: AirportRef,
      key: 'iata',
      description: 'Where it ends.',
    }),
    flights: t.exposeInt('flights', { nullable: false, description: 'Flights within a year.' }),
  }),
});

const DelayStatsRef = builder.objectRef<DelayStats>('DelayStats');

DelayStatsRef.implement({
  description: 'How punctual the departures of an airport are.',
  fields: (t) => ({
    flights: t.exposeInt('flights', { nullable: false, description: 'Departures counted.' }),
    meanDelayMinutes: t.exposeFloat('meanDelayMinutes', {
      nullable: false,
      description: 'Mean delay, in minutes; negative when early on the whole.',
    }),
    onTimeShare: t.exposeFloat('onTimeShare', {
      nullable: false,
      description: 'Share of departures less than 15 minutes late, from 0 to 1.',
    }),
  }),
});

AirportRef.implement({
  fields: (t) => ({
    iata: t.exposeID('iata', { nullable: false }),
    departures: t.batch({
      type: FlightConnection,
      description: 'Flights that leave from here, by time, then by id.',
      args: {
        first: t.arg.int({ required: true, defaultValue: 20, description: 'At most 100.' }),
        after: t.arg.string({ description: 'A cursor of this list; what comes after it.' }),
      },
      batch: departuresByAirport,
      key: (airport) => airport.iata,
    }),
    routes: t.batch({
      type: [RouteRef],
      description: 'Connections that start here, busiest first, ties by destination code.',
      args: { first: t.arg.int({ required: true, defaultValue: 10, description: 'At most 100.' }) },
      batch: routesByAirport,
      key: (airport) => airport.iata,
    }),
    delays: t.batch({
      type: DelayStatsRef,
      description: 'How punctual departures from here are. Null when none were counted.',
      batch: delaysByAirport,
      key: (airport) => airport.iata,
    }),
  }),
});

builder.queryField('_airportsWithFlights', (t) =>
  t.entry({ type: AirportRef, keys: 'iatas', load: (iatas) => iatas.map((iata) => ({ iata })) }),
);
