import { defineSubschema } from 'tailorbird';
import { flights } from './backend.ts';
import { builder } from './builder.ts';
import { flightChanged } from './topics.ts';
import { airlineWebhook, gateAnnounced } from './webhooks.ts';
import './airport.ts';
import './flight.ts';

export const flightsSubschema = defineSubschema({
  backend: flights,
  builder,
  merge: {
    Flight: { key: 'id', entry: '_flightsById' },
    Airport: { key: 'iata', entry: '_airportsWithFlights' },
  },
  topics: [flightChanged, gateAnnounced],
  webhooks: [airlineWebhook],
});
