/**
 * Tailorbird on the airport page: the example's airports and flights as far as the page needs them,
 * none of it kept between requests unless `CACHED`. Env: see `serve.ts`.
 */
import {
  createSubschemaBuilder,
  defineBatch,
  defineBff,
  defineGrpcBackend,
  defineRestBackend,
  defineSubschema,
  timestampToDate,
} from 'tailorbird';
import type { Airport, Paths } from '../../schemas/airports/contract.ts';
import type { DelayStats, Flight, Flights, Route } from '../../schemas/flights/contract.ts';
import { cacheOf, listen, policy, upstream } from './serve.ts';

const airports = defineRestBackend<Paths>({
  name: 'airports',
  endpoints: upstream,
  policy,
});
const flights = defineGrpcBackend<Flights>({
  name: 'flights',
  endpoints: process.env['GRPC_UPSTREAM'] ?? '',
  policy,
  proto: new URL('../../schemas/flights/flights.proto', import.meta.url),
  service: 'flights.v1.Flights',
});

const airportByIata = defineBatch(airports, {
  load: (ids: readonly string[], api) => api.get('/airports', { query: { ids } }),
  rows: (page) => page.items,
  keyOf: (airport: Airport) => airport.iata,
  cache: cacheOf,
});
const departuresOf = defineBatch(flights, {
  load: (origins: readonly string[], api, { first }: { readonly first: number }) =>
    api.call('BatchListDepartures', { origins, pageSize: first }),
  rows: (page) => page.departures,
  keyOf: ({ origin }) => origin,
  cache: cacheOf,
});
const routesOf = defineBatch(flights, {
  load: (origins: readonly string[], api, { first }: { readonly first: number }) =>
    api.call('BatchListRoutes', { origins, limit: first }),
  rows: (page) => page.routes,
  keyOf: ({ origin }) => origin,
  value: ({ routes }) => routes,
  cache: cacheOf,
});
const delaysOf = defineBatch(flights, {
  load: (origins: readonly string[], api) => api.call('BatchGetDelayStats', { origins }),
  rows: (page) => page.delayStats,
  keyOf: (stats: DelayStats) => stats.origin,
  cache: cacheOf,
});

const airportsBuilder = createSubschemaBuilder();
const AirportRef = airportsBuilder.objectRef<Airport>('Airport');
AirportRef.implement({
  fields: (t) => ({
    iata: t.exposeID('iata', { nullable: false }),
    name: t.exposeString('name', { nullable: false }),
    city: t.exposeString('city', { nullable: false }),
    state: t.exposeString('state', { nullable: false }),
  }),
});
airportsBuilder.queryFields((t) => ({
  airport: t.field({
    type: AirportRef,
    args: { iata: t.arg.id({ required: true }) },
    resolve: (_, { iata }, context) => airportByIata.load(context, iata),
  }),
  _airportsByIata: t.entry({
    type: AirportRef,
    keys: 'iatas',
    load: (iatas, context) => airportByIata.loadMany(context, iatas),
  }),
}));

const flightsBuilder = createSubschemaBuilder();
const AirportStub = flightsBuilder.objectRef<{ readonly iata: string }>('Airport');
const FlightRef = flightsBuilder.objectRef<Flight>('Flight').implement({
  fields: (t) => ({
    id: t.exposeID('id', { nullable: false }),
    departsAt: t.field({
      type: 'DateTime',
      nullable: false,
      resolve: (flight) => timestampToDate(flight.departsAt),
    }),
    destination: t.reference('destination', { type: AirportStub, key: 'iata' }),
    distanceMiles: t.exposeInt('distanceMiles', { nullable: false }),
    delayMinutes: t.exposeInt('delayMinutes', { nullable: false }),
  }),
});
const FlightPage = flightsBuilder
  .objectRef<{ readonly flights: readonly Flight[] }>('FlightPage')
  .implement({
    fields: (t) => ({ nodes: t.expose('flights', { type: [FlightRef], nullable: false }) }),
  });
const RouteRef = flightsBuilder.objectRef<Route>('Route').implement({
  fields: (t) => ({
    flights: t.exposeInt('flights', { nullable: false }),
    destination: t.reference('destination', { type: AirportStub, key: 'iata' }),
  }),
});
const DelayStatsRef = flightsBuilder.objectRef<DelayStats>('DelayStats').implement({
  fields: (t) => ({
    flights: t.exposeInt('flights', { nullable: false }),
    meanDelayMinutes: t.exposeFloat('meanDelayMinutes', { nullable: false }),
    onTimeShare: t.exposeFloat('onTimeShare', { nullable: false }),
  }),
});
AirportStub.implement({
  fields: (t) => ({
    iata: t.exposeID('iata', { nullable: false }),
    departures: t.batch({
      type: FlightPage,
      args: { first: t.arg.int({ required: true, defaultValue: 20 }) },
      batch: departuresOf,
      key: ({ iata }) => iata,
    }),
    routes: t.batch({
      type: [RouteRef],
      args: { first: t.arg.int({ required: true, defaultValue: 10 }) },
      batch: routesOf,
      key: ({ iata }) => iata,
    }),
    delays: t.batch({ type: DelayStatsRef, batch: delaysOf, key: ({ iata }) => iata }),
  }),
});
flightsBuilder.queryField('_airportsWithFlights', (t) =>
  t.entry({ type: AirportStub, keys: 'iatas', load: (iatas) => iatas.map((iata) => ({ iata })) }),
);

await listen(
  defineBff({
    name: 'bench',
    subschemas: [
      defineSubschema({
        backend: airports,
        builder: airportsBuilder,
        merge: { Airport: { key: 'iata', entry: '_airportsByIata' } },
      }),
      defineSubschema({
        backend: flights,
        builder: flightsBuilder,
        merge: { Airport: { key: 'iata', entry: '_airportsWithFlights' } },
      }),
    ],
  }),
);
