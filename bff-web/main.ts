import { serveBff } from 'tailorbird';
import { web } from './bff.ts';

await serveBff(web, { port: 4001, adminPort: 9001 });
