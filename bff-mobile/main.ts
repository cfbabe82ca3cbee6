import { serveBff } from 'tailorbird';
import { mobile } from './bff.ts';

await serveBff(mobile, { port: 4002, adminPort: 9002 });
