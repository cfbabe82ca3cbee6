import { runService } from '../service/run-service.ts';
import { startAirports } from './airports.ts';

await runService('airports', 4101, startAirports);
