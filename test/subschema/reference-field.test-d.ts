import { createSubschemaBuilder } from 'tailorbird';
import { describe, it } from 'vitest';

describe('t.reference', () => {
  const builder = createSubschemaBuilder();
  const Airport = builder.objectRef<{ readonly iata: string }>('Airport');

  it('takes a property that can hold the key', () => {
    builder
      .objectRef<{ readonly from: string; readonly home: string | null; readonly miles: number }>(
        'Trip',
      )
      .implement({
        fields: (t) => ({
          from: t.reference('from', {
            type: Airport,
            key: 'iata',
            description: 'Where it starts.',
          }),
          home: t.reference('home', { type: Airport, key: 'iata' }),
          // @ts-expect-error -- a number is no iata
          miles: t.reference('miles', { type: Airport, key: 'iata' }),
          // @ts-expect-error -- a trip has no such property
          to: t.reference('to', { type: Airport, key: 'iata' }),
          // @ts-expect-error -- an airport has no such key
          id: t.reference('from', { type: Airport, key: 'id' }),
        }),
      });
  });
});
