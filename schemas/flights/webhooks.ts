import { defineTopic, defineWebhookSource, env, standardWebhooks } from 'tailorbird';
import { z } from 'zod';
import { flights } from './backend.ts';

/** An airline said which gate a flight leaves from. */
export const gateAnnounced = defineTopic({
  name: 'flights.gateAnnounced',
  schema: z.object({
    flightId: z.string().regex(/^[1-9]\d{0,9}$/),
    gate: z.string().regex(/^[A-Z\d]{1,4}$/),
  }),
  key: ({ flightId }) => flightId,
  tags: ({ flightId }) => [`Flight:${flightId}`],
});

const gateChange = z.object({ data: z.object({ flight: z.string(), gate: z.string() }) });

/** An airline tells of its gates: `POST /webhooks/airline`, signed by Standard Webhooks. */
export const airlineWebhook = defineWebhookSource({
  name: 'airline',
  verify: standardWebhooks(
    // For development, and known to everybody who reads this.
    env('AIRLINE_WEBHOOK_SECRETS', 'whsec_ZGV2ZWxvcG1lbnQgb25seSwga25vd24gdG8gYWxs'),
  ),
  topic: gateAnnounced,
  read: (payload) => {
    // It tells more than is of interest here.
    if (payload['type'] !== 'gate.changed') return null;
    const { flight, gate } = gateChange.parse(payload).data;
    return { flightId: flight, gate };
  },
  apply: ({ flightId, gate }, context) =>
    flights.api(context).call('UpdateFlight', { id: flightId, gate }),
});
