import type { Work } from './contestant.ts';
import type { LoadGenerator } from './load/generator.ts';
import type { LoadResult } from './load/order.ts';
import { residentMb } from './process-usage.ts';
import { serverCore } from './processes.ts';
import type { Entry, Stage } from './stage.ts';

/** What one slice of load showed of one server. */
export interface Sample extends LoadResult {
  readonly residentMb: number;
  readonly callsPerQuery: number;
}

/** One of ours, and another's right after. */
export interface Pair {
  readonly ours: Sample;
  readonly theirs: Sample;
}

export interface SliceTimes {
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly mostRequests?: number;
}

export const rateOf = ({ requests, seconds }: Sample): number => requests / seconds;

export const cpuMsOf = ({ serverCpuMs, requests }: Sample): number =>
  serverCpuMs / Math.max(1, requests);

/** Puts load on one server of a stage. */
export async function takeSample(
  load: LoadGenerator,
  stage: Stage,
  work: Work,
  { server, port, answerBytes }: Entry,
  connections: number,
  times: SliceTimes,
): Promise<Sample> {
  const callsBefore = await stage.calls();
  const result = await load.take({
    port,
    path: '/graphql',
    body: JSON.stringify({ query: work.query }),
    answerBytes,
    connections: work.connections ?? connections,
    leastRequests: 100,
    serverPid: server.pid,
    serverCore,
    upstreamPid: stage.upstream.pid,
    ...times,
  });
  return {
    ...result,
    residentMb: residentMb(server.pid),
    callsPerQuery: ((await stage.calls()) - callsBefore) / Math.max(1, result.allRequests),
  };
}

/** Measured again, at most twice, when other programs took a tenth of the server's core. */
export async function takeQuietPair(
  ours: () => Promise<Sample>,
  theirs: () => Promise<Sample>,
): Promise<Pair> {
  const take = async (): Promise<Pair> => ({ ours: await ours(), theirs: await theirs() });
  let best = await take();
  for (let again = 0; again < 2 && foreignShareOf(best) > 0.1; again++) {
    const next = await take();
    if (foreignShareOf(next) < foreignShareOf(best) || next.theirs.wrong > 0) best = next;
  }
  return best;
}

function foreignShareOf({ ours, theirs }: Pair): number {
  return Math.max(ours.foreignShare, theirs.foreignShare);
}
