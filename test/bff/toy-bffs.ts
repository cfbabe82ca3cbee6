import { createBffBuilder } from '../../src/bff/bff-builder.ts';
import { composeBff } from '../../src/bff/compose-bff.ts';
import { defineBff, type Tailor } from '../../src/bff/define-bff.ts';
import { toySubschemas } from '../support/toy-graph.ts';

/** The toy graph for one client. */
export function compose(tailor: Tailor = {}) {
  const { places, trips } = toySubschemas();
  return composeBff(defineBff({ name: 'toy', subschemas: [places, trips], tailor }));
}

/** The same with fields derived of others: a flight's status from `needs`, and a board of departures. */
export function derived(needs: string, hide: string[] = []) {
  const { places, trips } = toySubschemas();
  interface Leg {
    id: string;
    delayMinutes: number;
    origin: Place | null;
    destination: Place | null;
  }
  interface Place {
    city: string;
    latitude: number;
    departures: readonly Leg[];
  }
  const builder = createBffBuilder<{ Query: { airport: Place | null }; Flight: Leg }>();
  const Line = builder.objectRef<{ line: string }>('Line').implement({
    fields: (t) => ({ line: t.exposeString('line', { nullable: false }) }),
  });
  const fields = [
    builder.fieldsOn('Flight', (t) => ({
      statusText: t.derive({
        type: 'String',
        needs: needs as '{ delayMinutes origin { city } destination { city latitude } }',
        resolve: (flight) =>
          `${flight.delayMinutes} min, ${flight.origin?.city} to ${flight.destination?.city} at ${flight.destination?.latitude}`,
      }),
    })),
    builder.fieldsOn('Query', (t) => ({
      board: t.derive({
        type: [Line],
        args: {
          iata: t.arg.id({ required: true }),
          first: t.arg.int({ required: true, defaultValue: 1 }),
        },
        needs: '{ airport(iata: $iata) { departures(first: $first) { id destination { city } } } }',
        resolve: ({ airport }) =>
          airport?.departures.map((flight) => ({
            line: `${flight.id} to ${flight.destination?.city}`,
          })),
      }),
    })),
  ];
  return composeBff(
    defineBff({ name: 'toy', subschemas: [places, trips], fields, tailor: { hide } }),
  );
}
