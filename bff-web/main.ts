import { serveBff, sessionAuth } from 'tailorbird';

await serveBff(() => import('./bff.ts'), {
  port: 4001,
  adminPort: 9001,
  auth: sessionAuth({
    audience: 'urn:tailorbird:web',
    scopes: ['travellers.read', 'travellers.write', 'bookings.read', 'bookings.write'],
    clientId: 'bff-web',
    developmentSecret: 'sandbox-web-secret',
    tryOut:
      '{ me { name homeAirport { name } bookings(first: 3) { nodes { seat flight { id } } } } }',
  }),
});
