import { atLeast, atMost, pause, type Row, shown } from '../row.ts';
import { createApp, isGood, poolOf } from './client.ts';
import { inHouse, oneAddress } from './house.ts';

const readers = 500;
/** As `itemById` has it. */
const ttlMs = 2_000;

/** A key that many read is kept for a while, and then no more. */
export const hotKey: Row = {
  name: 'a hot key expires under 500 readers',
  run: (scale) =>
    inHouse(async (house) => {
      const bff = await house.bff({ limits: oneAddress });
      const pool = poolOf(bff.url, readers);
      const app = createApp({ url: bff.url, pool, address: '10.0.0.1' });
      await house.slow(100);
      const expiries = Math.max(1, Math.round(5 * scale));
      const until = Date.now() + (expiries + 1.5) * ttlMs;
      let reads = 0;
      let bad = 0;
      let refused = 0;
      const read = async (index: number): Promise<void> => {
        await pause(2 * index);
        while (Date.now() < until) {
          const reply = await app.ask('post', { name: 'item', variables: { id: 'hot' } });
          reads += 1;
          // A machine that is busy with other things has load shed, too.
          if (reply.status === 503) refused += 1;
          else if (!isGood(reply)) bad += 1;
          await pause(1_000);
        }
      };
      await Promise.all(Array.from({ length: readers }, (_, index) => read(index)));
      const calls = (await house.callsAbout('hot')).toSorted((one, other) => one - other);
      let most = 0;
      let seen = 0;
      for (let from = 0; from < calls.length; seen += 1) {
        const together = calls.filter((at) => at >= calls[from]! && at < calls[from]! + ttlMs / 2);
        most = Math.max(most, together.length);
        from += together.length;
      }
      await app.close();
      await pool.destroy();
      return [
        atMost('upstream calls at one expiry', most, 2),
        atLeast('expiries seen', seen - 1, expiries),
        atMost(`failed of ${reads} reads`, bad, 0),
        shown('refused for load', String(refused)),
      ];
    }),
};
