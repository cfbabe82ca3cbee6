import { connectionOf, pageSize, pageStart } from 'tailorbird';
import { airportByIata, airports } from './backend.ts';
import { builder } from './builder.ts';
import type { Airport } from './contract.ts';

const AirportRef = builder.objectRef<Airport>('Airport');

AirportRef.implement({
  description: 'An airport, an airfield or a heliport with a code of its own.',
  fields: (t) => ({
    iata: t.exposeID('iata', {
      nullable: false,
      description: 'Its IATA code, such as `ATL`. Identifies it everywhere.',
    }),
    name: t.exposeString('name', {
      nullable: false,
      description: 'Its name, usually without the word "airport".',
    }),
    city: t.exposeString('city', {
      nullable: false,
      description: 'The city it serves; `NA` when unknown.',
    }),
    state: t.exposeString('state', {
      nullable: false,
      description: 'Two-letter code of the state or territory; `NA` outside the United States.',
    }),
    country: t.exposeString('country', {
      nullable: false,
      description: 'The country; `USA` for nearly all.',
    }),
    latitude: t.exposeFloat('latitude', {
      nullable: false,
      description: 'Degrees north of the equator.',
    }),
    longitude: t.exposeFloat('longitude', {
      nullable: false,
      description: 'Degrees east of Greenwich; west is negative.',
    }),
  }),
});

const AirportConnection = builder.connectionObject({ type: AirportRef, name: 'AirportConnection' });

builder.queryFields((t) => ({
  airport: t.field({
    type: AirportRef,
    description: 'One airport by its IATA code; null when none has it.',
    args: { iata: t.arg.id({ required: true, description: 'Such as `ATL`.' }) },
    resolve: (_, { iata }, context) => airportByIata.load(context, iata.toUpperCase()),
  }),
  airports: t.field({
    type: AirportConnection,
    description:
      'Airports that match all that is asked: best match first with `search`, by code otherwise.',
    args: {
      search: t.arg.string({
        description: 'Words, or beginnings of words, of code, name or city.',
      }),
      state: t.arg.string({ description: 'Two-letter code, such as `GA`.' }),
      first: t.arg.int({ required: true, defaultValue: 20, description: 'At most 100.' }),
      after: t.arg.string({ description: 'A cursor of this list; what comes after it.' }),
    },
    resolve: async (_, { search, state, first, after }, context) => {
      const start = pageStart(after);
      const page = await airports.api(context).get('/airports', {
        query: {
          ...(search ? { search } : {}),
          ...(state ? { state } : {}),
          limit: pageSize(first),
          ...(start.token ? { cursor: start.token } : {}),
          ...(start.skip ? { skip: start.skip } : {}),
        },
      });
      return connectionOf(page.items, start, page.nextCursor);
    },
  }),
  _airportsByIata: t.entry({
    type: AirportRef,
    keys: 'iatas',
    load: (iatas, context) => airportByIata.loadMany(context, iatas),
  }),
}));
