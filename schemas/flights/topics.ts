import { defineTopic } from 'tailorbird';
import { z } from 'zod';
import { flights } from './backend.ts';

/**
 * Something happened to a flight: which one, and what. Who wants to know how it is now asks.
 *
 * Source: the flights service, over the broker; without one, its stream WatchFlights.
 */
export const flightChanged = defineTopic({
  name: 'flights.changed',
  schema: z.object({
    flightId: z.string(),
    /** IATA codes of the airports it leaves from and flies to. */
    origin: z.string(),
    destination: z.string(),
    change: z.enum(['departed', 'delayed', 'gate']),
  }),
  key: ({ flightId }) => flightId,
  // Leaving changes nothing that is cached; the rest is in its airport's lists and delays too.
  tags: ({ flightId, origin, change }) =>
    change === 'departed' ? [] : [`Flight:${flightId}`, `Airport:${origin}`],
  feed: (context) => flights.api(context).stream('WatchFlights', {}),
});
