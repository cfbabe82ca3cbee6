import { describe, expect, it } from 'vitest';
import { createBffBuilder } from '../../src/bff/bff-builder.ts';
import { composeBff } from '../../src/bff/compose-bff.ts';
import { defineBff, type Tailor } from '../../src/bff/define-bff.ts';
import { placeOfCaller } from '../../src/definition-place.ts';
import { createSubschemaBuilder } from '../../src/subschema/builder.ts';
import { defineSubschema } from '../../src/subschema/define-subschema.ts';
import type { MergeOptions } from '../../src/subschema/merge-keys.ts';
import { toySubschemas } from '../support/toy-graph.ts';
import { compose, derived } from './toy-bffs.ts';

it('names the field that a mistake is in, of several on one type', () => {
  const { places, trips } = toySubschemas();
  const builder = createBffBuilder<{ Airport: { iata: string } }>();
  const right = builder.fieldsOn('Airport', (t) => ({
    label: t.derive({ type: 'String', needs: '{ iata }', resolve: ({ iata }) => iata }),
  }));
  const lineBefore = here()?.line ?? 0;
  const wrong = builder.fieldsOn('Airport', (t) => ({
    town: t.derive({ type: 'String', needs: '{ ciyt }', resolve: () => null }),
  }));
  expect(() =>
    composeBff(defineBff({ name: 'toy', subschemas: [places, trips], fields: [right, wrong] })),
  ).toThrow(`compose-mistakes.test.ts:${lineBefore + 2}: Airport.town needs { ciyt }`);
});

describe('what does not fit', () => {
  const cases: [string, () => unknown, RegExp[]][] = [
    [
      'a misspelt need',
      () => derived('{ delayMinute }'),
      [/toy-bffs\.ts:\d+: Flight\.statusText needs \{ delayMinute \}/, /"delayMinutes"/],
    ],
    [
      'needs under another name',
      () => deriving({ need: '{ iata }', resolve: () => 'x' }),
      [/^test\/bff\/compose-mistakes\.test\.ts:\d+: t\.derive has no option "need"/, /"needs"\?$/],
    ],
    [
      'no needs',
      () => deriving({ resolve: () => 'x' }),
      [/mistakes\.test\.ts:\d+: t\.derive: needs must be a selection set.*but got: undefined$/],
    ],
    [
      'a method that there is not',
      () => {
        const { places } = toySubschemas();
        const builder = createBffBuilder<{ Airport: { iata: string } }>();
        const fields = builder.fieldsOn('Airport', (t) => {
          return { label: (t as unknown as { derived(): never }).derived() };
        });
        return composeBff(defineBff({ name: 'toy', subschemas: [places], fields: [fields] }));
      },
      [/^t\.derived is not a function\. Did you mean "derive"\?$/],
    ],
    [
      'no resolve',
      () => deriving({ needs: '{ iata }' }),
      [/mistakes\.test\.ts:\d+: t\.derive: resolve must be a function, but got: undefined$/],
    ],
    [
      'a need that does not parse',
      () => derived('{ delayMinutes'),
      [/Flight\.statusText/, /Syntax Error/],
    ],
    [
      'a hidden field that is not there',
      () => compose({ hide: ['Airport.lattitude'] }),
      [/toy/, /tailor\.hide/, /"latitude"/],
    ],
    [
      'a renamed type that is not there',
      () => compose({ rename: { Airprot: 'X' } }),
      [/tailor\.rename/, /"Airport"/],
    ],
    [
      'a new name that is no name',
      () => compose({ rename: { Airport: 'air port' } }),
      [/not a GraphQL name/],
    ],
    [
      'a default of an argument that is not there',
      () => compose({ defaults: { 'Airport.departures.frist': 1 } }),
      [/"first"/],
    ],
    ['a coordinate that is none', () => compose({ hide: ['Airport..city'] }), [/not a coordinate/]],
    [
      'hiding everything',
      () => compose({ hide: ['Query.airport', 'Query.flight'] }),
      [/not a schema/],
    ],
    [
      'a key that is not a field',
      () => merged({ key: 'iatta', entry: '_airports' }),
      [/toy-graph|compose-bff/, /"iatta"/, /"iata"/],
    ],
    [
      'an entry that is not a root',
      () => merged({ key: 'iata', entry: '_airprots' }),
      [/"_airprots"/, /"_airports"/],
    ],
    [
      'an entry that returns one',
      () => merged({ key: 'iata', entry: 'airport' }),
      [/must return \[Airport\]!/],
    ],
    [
      'a type that is not there',
      () => merged({ key: 'iata', entry: '_airports' }, 'Airprot'),
      [/"Airport"/],
    ],
  ];
  cases.push(
    [
      'an option that there is not',
      () => compose({ hied: ['Airport.latitude'] } as Tailor),
      [/toy-bffs\.ts:\d+: tailor has no option "hied"/, /"hide"/],
    ],
    [
      'no name',
      () => defined({ name: undefined }),
      [/:\d+: defineBff: name must be lower case letters.* but got: undefined$/],
    ],
    [
      'a subschema alone',
      () => defined({ subschemas: toySubschemas().places }),
      [
        /:\d+: defineBff: subschemas must be a list of .*defineSubschema.* got: an object with name,/,
      ],
    ],
    [
      'a subschema that is undefined',
      () => defined({ subschemas: [toySubschemas().places, undefined] }),
      [
        /:\d+: defineBff: subschemas\[1\] must be what defineSubschema returns, but got: undefined$/,
      ],
    ],
    [
      'a function for fields',
      () => defined({ fields: [() => null] }),
      [/:\d+: defineBff: fields\[0\] must be what fieldsOn returns, but got: a function$/],
    ],
    [
      'a default of the wrong type',
      () => compose({ defaults: { 'Airport.departures.first': 'ten' } }),
      [/"Airport\.departures\.first" the value "ten"/, /Int!/],
    ],
    [
      'a folder that is not there',
      () => {
        const { places, trips } = toySubschemas();
        return composeBff(
          defineBff({ name: 'toy', subschemas: [places, trips], operations: '../examples' }),
        );
      },
      [/operations names the folder "test\/examples"/, /"example"/],
    ],
    [
      'a type that cannot be reached',
      () => {
        const { places, trips } = toySubschemas();
        const { Airport: _left, ...merge } = trips.merge;
        const apart = { ...trips, schema: trips.schema, merge };
        return composeBff(defineBff({ name: 'toy', subschemas: [places, apart] }));
      },
      [/toy-graph\.ts:\d+: Airport\.departures of the "trips" subschema cannot be reached/],
    ],
    [
      'a merge under a misspelt type, which leaves the right one out of reach',
      () => {
        const { places, trips } = toySubschemas();
        const { Airport, ...rest } = trips.merge;
        const merge = { ...rest, Airprt: Airport as MergeOptions };
        const apart = { ...trips, schema: trips.schema, merge };
        return composeBff(defineBff({ name: 'toy', subschemas: [places, apart] }));
      },
      [
        /toy-graph\.ts:\d+: merge\.Airprt of the "trips" subschema names a type that .* does not have\. Did you mean "Airport"\?$/,
      ],
    ],
    [
      'a merge of a type whose file is not imported',
      () => {
        const builder = createSubschemaBuilder();
        builder.queryField('up', (t) => t.string({ resolve: () => null }));
        const { backend } = toySubschemas().places;
        const merge = { Airport: { key: 'iata', entry: '_airports' } };
        const subschema = defineSubschema({ backend, builder, merge });
        return composeBff(defineBff({ name: 'toy', subschemas: [subschema] }));
      },
      [/merge\.Airport .* does not have\. Import the file that implements it\.$/],
    ],
    [
      'a merge of a type that the SDL does not have',
      () => merged({ key: 'iata', entry: '_airports' }, 'Lounge'),
      [/merge\.Lounge .* Add type Lounge to its SDL, or leave it out of merge\.$/],
    ],
    [
      'a field that the graph has already',
      () => added('city', 'String'),
      [/compose-mistakes\.test\.ts:\d+: Airport\.city is a field of the graph already/],
    ],
    [
      'a type that was never made, on one of several types',
      () => {
        const { places, trips } = toySubschemas();
        const builder = createBffBuilder<{ Airport: { iata: string }; Flight: { id: string } }>();
        const fields = [
          builder.fieldsOn('Flight', (t) => ({
            label: t.derive({ type: 'String', needs: '{ id }', resolve: ({ id }) => id }),
          })),
          builder.fieldsOn('Airport', (t) => ({
            label: t.derive({
              type: ['Strng' as 'String'],
              needs: '{ iata }',
              resolve: ({ iata }) => [iata],
            }),
          })),
        ];
        return composeBff(defineBff({ name: 'toy', subschemas: [places, trips], fields }));
      },
      [/^test\/bff\/compose-mistakes\.test\.ts:\d+: Airport\.label: Strng has not been/],
    ],
    [
      'a type that was never made',
      () => added('label', 'Strnig' as 'String'),
      [
        /compose-mistakes\.test\.ts:\d+: Airport\.label: Strnig has not .* Did you mean "String"\?$/,
      ],
    ],
  );
  it.each(cases)('%s names place, rule and remedy', (_, build, patterns) => {
    let message = '';
    try {
      build();
    } catch (error) {
      message = (error as Error).message;
    }
    for (const pattern of patterns) expect(message).toMatch(pattern);
    expect(message.split('\n').length).toBeLessThanOrEqual(6);
  });
});

function merged(options: { key: string; entry: string }, typeName = 'Airport') {
  const { places } = toySubschemas();
  return composeBff(
    defineBff({
      name: 'toy',
      subschemas: [{ ...places, schema: places.schema, merge: { [typeName]: options } }],
    }),
  );
}

function added(name: string, type: 'String') {
  const { places, trips } = toySubschemas();
  const builder = createBffBuilder<{ Airport: { iata: string } }>();
  const fields = builder.fieldsOn('Airport', (t) => ({
    [name]: t.derive({ type, needs: '{ iata }', resolve: ({ iata }) => iata }),
  }));
  return composeBff(defineBff({ name: 'toy', subschemas: [places, trips], fields: [fields] }));
}

/** `Airport.label`, derived in whatever way. */
function deriving(options: object) {
  const { places, trips } = toySubschemas();
  const builder = createBffBuilder<{ Airport: { iata: string } }>();
  const fields = builder.fieldsOn('Airport', (t) => ({
    label: t.derive({ type: 'String', ...options } as never),
  }));
  return composeBff(defineBff({ name: 'toy', subschemas: [places, trips], fields: [fields] }));
}

/** From JavaScript, which has no types to object. */
function defined(options: object) {
  return defineBff({ name: 'toy', subschemas: [], ...options });
}

/** Where it is called. */
function here() {
  return placeOfCaller(here);
}
