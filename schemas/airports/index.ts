import { defineSubschema } from 'tailorbird';
import { airports } from './backend.ts';
import { builder } from './builder.ts';
import './airport.ts';

export const airportsSubschema = defineSubschema({
  backend: airports,
  builder,
  merge: { Airport: { key: 'iata', entry: '_airportsByIata' } },
});
