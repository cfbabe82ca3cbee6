import { builder } from '../builder.ts';
import { statusText } from '../status-text.ts';

interface Card {
  readonly flightId: string;
  readonly to: string | null;
  readonly departsAt: string;
  readonly statusText: string;
}

const DepartureCard = builder.objectRef<Card>('DepartureCard').implement({
  description: 'One line of a departure board.',
  fields: (t) => ({
    flightId: t.exposeID('flightId', { nullable: false }),
    to: t.exposeString('to', { description: "The destination's city; null when unknown." }),
    departsAt: t.expose('departsAt', { type: 'DateTime', nullable: false }),
    statusText: t.exposeString('statusText', { nullable: false }),
  }),
});

export const departureBoard = builder.fieldsOn('Query', (t) => ({
  departureBoard: t.derive({
    type: [DepartureCard],
    description: 'The next departures of an airport; null when there is no such airport.',
    args: {
      iata: t.arg.id({ required: true }),
      first: t.arg.int({ required: true, defaultValue: 10, description: 'At most 100.' }),
    },
    needs: `{
      airport(iata: $iata) {
        departures(first: $first) { nodes { id departsAt delayMinutes destination { city } } }
      }
    }`,
    resolve: ({ airport }) =>
      airport?.departures?.nodes.map((flight) => ({
        flightId: flight.id,
        to: flight.destination?.city ?? null,
        departsAt: flight.departsAt,
        statusText: statusText(flight.delayMinutes, flight.destination?.city),
      })),
  }),
}));
