import { builder } from '../builder.ts';

interface Page {
  readonly heading: string;
  readonly punctuality: string | null;
  readonly destinations: readonly string[];
  readonly airport: { readonly iata: string };
}

const AirportPage = builder.objectRef<Page>('AirportPage').implement({
  description: "What an airport's page opens with.",
  fields: (t) => ({
    heading: t.exposeString('heading', {
      nullable: false,
      description:
        'Name, city and code, such as `William B Hartsfield-Atlanta Intl, Atlanta (ATL)`.',
    }),
    punctuality: t.exposeString('punctuality', {
      description: 'A sentence about delays; null when nothing is known.',
    }),
    destinations: t.exposeStringList('destinations', {
      nullable: false,
      description: 'Cities of the five busiest routes.',
    }),
    airport: t.expose('airport', { type: builder.shared('Airport'), nullable: false }),
  }),
});

export const airportPage = builder.fieldsOn('Query', (t) => ({
  airportPage: t.derive({
    type: AirportPage,
    description: 'An airport as its page shows it; null when there is no such airport.',
    args: { iata: t.arg.id({ required: true }) },
    needs: `{
      airport(iata: $iata) {
        iata name city
        delays { flights meanDelayMinutes onTimeShare }
        routes(first: 5) { destination { city } }
      }
    }`,
    resolve: ({ airport }) =>
      airport && {
        heading: `${airport.name}, ${airport.city} (${airport.iata})`,
        punctuality:
          airport.delays &&
          `${Math.round(airport.delays.onTimeShare * 100)}% of ${airport.delays.flights} flights left on time`,
        destinations: (airport.routes ?? []).flatMap((route) => route.destination?.city ?? []),
        airport: { iata: airport.iata },
      },
  }),
}));
