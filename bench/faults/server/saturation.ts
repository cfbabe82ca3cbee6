import { coreMs, cpuMs } from '../../process-usage.ts';
import { serverCore } from '../../processes.ts';
import { percentile } from '../load.ts';
import { atLeast, atMost, pause, type Row, shown, TooBusy } from '../row.ts';
import type { CrowdOrder, CrowdOutcome } from './crowd-load.ts';
import { type House, idOf, inHouse, oneAddress } from './house.ts';

/** Three times what one bff can do, for a while, and half of it afterwards. */
export const saturation: Row = {
  name: 'three times what it can do',
  run: (scale) => inHouse((house) => overload(house, scale), { apart: true }),
};

async function overload(house: House, scale: number) {
  const { port, pid } = await house.bff({ limits: oneAddress });
  const crowd = async (ms: number, pace: CrowdOrder['pace']) => {
    const startedAt = performance.now();
    const othersBefore = coreMs(serverCore) - cpuMs(pid);
    const result = await house.crowd({ port, documentId: idOf('crowd'), ms, pace });
    const others = coreMs(serverCore) - cpuMs(pid) - othersBefore;
    return { ...result, foreignShare: others / (performance.now() - startedAt) };
  };
  /** Answers a second that sixteen clients get, each with one operation under way. */
  const peakIn = async (ms: number) => {
    const { outcomes, foreignShare } = await crowd(ms, { clients: 16 });
    return { peak: (outcomes.filter(isOk).length / ms) * 1_000, peakForeignShare: foreignShare };
  };
  await peakIn(1_500); // while code is compiled
  await pause(2_000);
  const { peak, peakForeignShare } = await peakIn(5_000 * scale);
  await pause(2_000);
  const overMs = 3_000 + 9_000 * scale;
  const over = await crowd(overMs, { perSecond: peak * 3 });
  const calm = await crowd(6_000, { perSecond: peak / 2 });
  const lateMs = percentile(over.lateMs, 0.99);
  if (lateMs > 20) throw new TooBusy(`requests were sent ${lateMs.toFixed(0)} ms late`);
  const foreignShare = Math.max(peakForeignShare, over.foreignShare);
  if (foreignShare > 0.1) {
    throw new TooBusy(`other programs took ${(foreignShare * 100).toFixed(0)}% of its core`);
  }
  // What came before anybody could know is worked off in the first two seconds.
  const all = over.outcomes.filter(({ at }) => at >= 2_000);
  const good = all.filter(isOk);
  // By this process as a whole, or by the bulkhead before the backend.
  const refused = all.filter(({ result }) => result === 'UPSTREAM_OVERLOADED');
  const goodput = (good.length / (overMs - 2_000)) * 1_000;
  const lastBad = calm.outcomes.findLast((each) => !isOk(each));
  return [
    shown('peak', `${peak.toFixed(0)}/s`),
    atLeast('goodput over peak', (goodput / peak) * 100, 90, '%'),
    atMost(`p99 of ${refused.length} refusals`, p99(refused), 50, ' ms'),
    shown('p99 of what was answered', `${p99(good).toFixed(0)} ms`),
    shown('p99 of how late requests were sent', `${lateMs.toFixed(0)} ms`),
    atMost('neither answered nor refused', all.length - good.length - refused.length, 0),
    atMost('normal again after', lastBad ? lastBad.at / 1_000 : 0, 5, ' s'),
  ];
}

function isOk({ result }: CrowdOutcome): boolean {
  return result === 'ok';
}

function p99(outcomes: readonly CrowdOutcome[]): number {
  return percentile(
    outcomes.map(({ tookMs }) => tookMs),
    0.99,
  );
}
