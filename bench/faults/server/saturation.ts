import { Pool } from 'undici';
import { Load, percentile } from '../load.ts';
import { atLeast, atMost, pause, type Row, shown } from '../row.ts';
import { isOk } from '../sick-backend.ts';
import { idOf, inHouse, oneAddress } from './house.ts';

/** Three times what one bff can do, for a while, and half of it afterwards. */
export const saturation: Row = {
  name: 'three times what it can do',
  run: (scale) =>
    inHouse(async (house) => {
      const bff = await house.bff({ limits: oneAddress });
      await peakOf(bff.url, 1_500); // while code is compiled
      await pause(2_000);
      const peak = await peakOf(bff.url, 5_000 * scale);
      await pause(2_000);
      const load = new Load(bff.url);
      const from = performance.now();
      load.start([{ name: 'crowd', perSecond: peak * 3, body: crowd }]);
      await pause(3_000 + 9_000 * scale);
      const to = performance.now();
      await load.stop();
      // What came before anybody could know is worked off in the first two seconds.
      const all = load.between(from + 2_000, to);
      const good = all.filter(isOk);
      // By this process as a whole, or by the bulkhead before the backend.
      const refused = all.filter(({ result }) => result === 'UPSTREAM_OVERLOADED');
      const goodput = (good.length / (to - from - 2_000)) * 1_000;
      const calmFrom = performance.now();
      load.start([{ name: 'crowd', perSecond: peak / 2, body: crowd }]);
      await pause(6_000);
      await load.stop();
      const calm = load.between(calmFrom, performance.now());
      const lastBad = calm.findLast((each) => !isOk(each));
      const p99 = (outcomes: typeof all) =>
        percentile(
          outcomes.map(({ tookMs }) => tookMs),
          0.99,
        );
      await load.close();
      return [
        shown('peak', `${peak.toFixed(0)}/s`),
        atLeast('goodput over peak', (goodput / peak) * 100, 90, '%'),
        atMost(`p99 of ${refused.length} refusals`, p99(refused), 50, ' ms'),
        shown('p99 of what was answered', `${p99(good).toFixed(0)} ms`),
        atMost('neither answered nor refused', all.length - good.length - refused.length, 0),
        atMost('normal again after', lastBad ? (lastBad.at - calmFrom) / 1_000 : 0, 5, ' s'),
      ];
    }),
};

function crowd(count: number) {
  return { documentId: idOf('crowd'), variables: { salt: String(count) } };
}

/** Answers a second that sixteen clients get, each with one operation under way. */
async function peakOf(url: string, ms: number): Promise<number> {
  const pool = new Pool(new URL(url).origin, { connections: 16 });
  const until = performance.now() + ms;
  let answered = 0;
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: '/graphql',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(crowd(answered)),
      });
      await body.dump();
      if (statusCode === 200) answered += 1;
      else await pause(50); // a client that asks again at once would only measure refusals
    }
  };
  await Promise.all(Array.from({ length: 16 }, client));
  await pool.destroy();
  return (answered / ms) * 1_000;
}
