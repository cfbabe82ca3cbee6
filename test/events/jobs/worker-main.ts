import { serveBff } from 'tailorbird';
import { web } from '../../../bff-web/bff.ts';

/** The web bff where nobody is known, so that no identity provider is needed. */
await serveBff(web, { port: 4001, adminPort: 9001 });
