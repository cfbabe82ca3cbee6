import { travellerById } from './backend.ts';
import { builder } from './builder.ts';
import type { Traveller } from './contract.ts';

/** An airport as travellers know it: by its code alone. */
const AirportRef = builder.objectRef<{ readonly iata: string }>('Airport');

AirportRef.implement({
  fields: (t) => ({ iata: t.exposeID('iata', { nullable: false }) }),
});

const TravellerRef = builder.objectRef<Traveller>('Traveller');

TravellerRef.implement({
  description: 'Somebody who travels.',
  authScopes: { viewer: true },
  fields: (t) => ({
    id: t.exposeID('id', { nullable: false }),
    name: t.exposeString('name', { nullable: false, description: 'Full name.' }),
    homeAirport: t.reference('homeAirport', {
      type: AirportRef,
      key: 'iata',
      description: 'Where they usually leave from; null when they have not said.',
    }),
  }),
});

builder.queryFields((t) => ({
  me: t.withAuth({ viewer: true }).field({
    type: TravellerRef,
    description: 'Who asks; null when nobody is logged in.',
    unauthorizedResolver: () => null,
    resolve: (_, _args, context) => travellerById.load(context, context.viewer.subject),
  }),
  _travellersById: t.entry({
    type: TravellerRef,
    keys: 'ids',
    load: (ids, context) => travellerById.loadMany(context, ids),
  }),
}));
