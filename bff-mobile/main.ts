import { bearerAuth, serveBff } from 'tailorbird';

await serveBff(() => import('./bff.ts'), {
  port: 4002,
  adminPort: 9002,
  auth: bearerAuth({
    audience: 'urn:tailorbird:mobile',
    clientId: 'bff-mobile',
    developmentSecret: 'sandbox-mobile-secret',
  }),
});
