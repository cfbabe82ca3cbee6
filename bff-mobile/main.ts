import { bearerAuth, serveBff } from 'tailorbird';
import { mobile } from './bff.ts';

await serveBff(mobile, {
  port: 4002,
  adminPort: 9002,
  auth: bearerAuth({
    audience: 'urn:tailorbird:mobile',
    clientId: 'bff-mobile',
    developmentSecret: 'sandbox-mobile-secret',
  }),
});
