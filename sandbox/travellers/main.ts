import { runService } from '../service/run-service.ts';
import { startTravellers } from './travellers.ts';

await runService('travellers', 4104, startTravellers);
