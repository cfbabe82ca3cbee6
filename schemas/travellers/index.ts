import { defineSubschema } from 'tailorbird';
import { travellers } from './backend.ts';
import { builder } from './builder.ts';
import './traveller.ts';

export const travellersSubschema = defineSubschema({
  backend: travellers,
  builder,
  merge: { Traveller: { key: 'id', entry: '_travellersById' } },
});
