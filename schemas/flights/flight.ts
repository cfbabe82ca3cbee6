import { type RequestContext, timestampToDate } from 'tailorbird';
import { AirportRef } from './airport-stub.ts';
import { flightById, flights } from './backend.ts';
import { builder } from './builder.ts';
import type { Flight } from './contract.ts';
import { flightChanged } from './topics.ts';

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
    origin: t.reference('origin', {
      type: AirportRef,
      key: 'iata',
      description: 'Where it leaves from.',
    }),
    destination: t.reference('destination', {
      type: AirportRef,
      key: 'iata',
      description: 'Where it flies to.',
    }),
    distanceMiles: t.exposeInt('distanceMiles', { nullable: false, description: 'In miles.' }),
    delayMinutes: t.exposeInt('delayMinutes', {
      nullable: false,
      description: 'How late it was, in minutes; negative when early.',
    }),
    gate: t.string({
      description: 'Where it is boarded, such as `B12`; null while that is not known.',
      resolve: ({ gate }) => gate || null,
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

builder.subscriptionFields((t) => ({
  departures: t.field({
    type: FlightRef,
    nullable: false,
    description: 'The departures of an airport as they happen; the latest one at once.',
    args: { iata: t.arg.id({ required: true, description: 'Such as `ATL`.' }) },
    subscribe: (_, { iata }, context) => departuresOf(context, iata.toUpperCase()),
    resolve: async ({ flightId }, _, context) => {
      const flight = await flightById.load(context, flightId);
      if (flight) return flight;
      throw new Error(`flight ${flightId} has left, but the flights service does not know it`);
    },
  }),
  flightUpdated: t.field({
    type: FlightRef,
    description: 'A flight, each time that it is late, has another gate or leaves.',
    args: { id: t.arg.id({ required: true }) },
    subscribe: (_, { id }, context) => flightChanged.subscribe(context, { key: id }),
    resolve: ({ flightId }, _, context) => flightById.load(context, flightId),
  }),
}));

/** The latest departure, unless the client comes back and has it; then each one as it leaves. */
async function* departuresOf(context: RequestContext, origin: string) {
  const events = flightChanged.subscribe(context, {
    filter: (event) => event.change === 'departed' && event.origin === origin,
  });
  /** The one that was told as the latest: the topic tells of it too if it left only now. */
  let latest: string | undefined;
  try {
    if (context.position?.resumeAfter(flightChanged.name) == null) {
      for await (const { flight } of flights.api(context).stream('WatchDepartures', { origin })) {
        latest = flight?.id;
        break;
      }
      if (latest !== undefined) yield { flightId: latest };
    }
    for await (const event of events) {
      if (event.flightId === latest) latest = undefined;
      else yield event;
    }
  } finally {
    await events.return?.();
  }
}
