import { runService } from '../service/run-service.ts';
import { startFlights } from './flights.ts';
import { openPublisher } from './publisher.ts';

await runService('flights', 4102, async (options) =>
  startFlights({
    ...options,
    watchSpeed: readSpeed(process.env['WATCH_SPEED']),
    publisher: await openPublisher(process.env),
  }),
);

function readSpeed(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const speed = Number(text);
  if (Number.isFinite(speed) && speed > 0) return speed;
  throw new Error(`WATCH_SPEED has to be a number above 0, such as 9000, but is "${text}"`);
}
