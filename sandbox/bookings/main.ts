import { runService } from '../service/run-service.ts';
import { startBookings } from './bookings.ts';

await runService('bookings', 4103, startBookings);
