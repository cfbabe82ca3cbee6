import { builder } from '../builder.ts';
import { statusText } from '../status-text.ts';

export const flightFields = builder.fieldsOn('Flight', (t) => ({
  statusText: t.derive({
    type: 'String',
    description: 'How the flight is doing, in a few words, such as `12 min late to Denver`.',
    needs: '{ delayMinutes destination { city } }',
    resolve: (flight) => statusText(flight.delayMinutes, flight.destination?.city),
  }),
}));
