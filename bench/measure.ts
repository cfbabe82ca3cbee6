import { join } from 'node:path';
import type { Contestant, Scenario } from './contestant.ts';
import type { LoadOrder, LoadResult } from './load.ts';
import { residentMb } from './process-usage.ts';
import { loadCore, outputOf, serverCore } from './processes.ts';
import { type Entry, openStage, type Stage } from './stage.ts';
import { median } from './table.ts';

/** One contestant's medians over the rounds of one scenario. */
export interface Row {
  readonly contestant: Contestant;
  /** CPU a request and requests/s over ours, each from a slice directly after one of ours. */
  readonly cpuToOurs: number;
  readonly rateToOurs: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMs: number;
  readonly residentMb: number;
  readonly callsPerQuery: number;
  /** How much of the load's core was in use, 0–1: near 1, requests/s says little about the server. */
  readonly loadCoreBusy: number;
  /** The most that other programs took of the server's core in a round, 0–1. */
  readonly foreignShare: number;
}

export interface Table {
  readonly scenario: Scenario;
  readonly rows: readonly Row[];
  /** Who did not run, and why. */
  readonly absent: readonly { readonly name: string; readonly reason: string }[];
}

export interface Plan {
  readonly rounds: number;
  readonly connections: number;
  readonly firstWarmUpMs: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

interface Runner extends Entry {
  readonly samples: Sample[];
  /** Of each round: ours, and its own right after. */
  readonly pairs: Pair[];
}

interface Pair {
  readonly ours: Sample;
  readonly theirs: Sample;
}

interface Sample extends LoadResult {
  readonly residentMb: number;
  readonly callsPerQuery: number;
}

/**
 * Runs one scenario: starts everyone, checks each answer, warms them up, then measures them in turn
 * in short slices, one of ours before each of the others'. A shared machine is three times as fast
 * in one minute as in the next; between two slices it is nearly the same.
 */
export async function measure(
  scenario: Scenario,
  contestants: readonly Contestant[],
  plan: Plan,
  note: (line: string) => void,
): Promise<Table> {
  const absent: { name: string; reason: string }[] = [];
  const runners: Runner[] = [];
  const leaveOut = ({ name }: Contestant, reason: string) => {
    absent.push({ name, reason });
    note(`  ${name}: ${reason}`);
  };
  const stage = await openStage(scenario);
  try {
    for (const contestant of contestants) {
      const entry = await stage.admit(contestant);
      if (typeof entry === 'string') leaveOut(contestant, entry);
      else runners.push({ ...entry, samples: [], pairs: [] });
    }
    const take = (runner: Runner) => sampleOf(runner, scenario, stage, plan, plan.warmUpMs);
    for (const runner of runners) await sampleOf(runner, scenario, stage, plan, plan.firstWarmUpMs);
    const own: Runner | undefined =
      runners.find(({ contestant }) => contestant.kind === 'ours') ?? runners[0];
    if (own === undefined) return { scenario, rows: [], absent };
    for (let round = 0; round < plan.rounds; round++) {
      const others: Runner[] =
        runners.length === 1 ? runners : runners.filter((runner) => runner !== own);
      for (const runner of inTurn(others, round)) {
        const pair = await quietPairOf(
          () => take(own),
          () => take(runner),
        );
        runner.pairs.push(pair);
        runner.samples.push(pair.theirs);
        if (runner !== own) own.samples.push(pair.ours);
        note(`  round ${round + 1}, ${runner.contestant.name}: ${brief(pair.theirs)}`);
        const { wrong } = pair.theirs;
        if (wrong === 0) continue;
        leaveOut(runner.contestant, `disqualified: ${wrong} wrong answers under load`);
        runners.splice(runners.indexOf(runner), 1);
        await runner.server.stop();
      }
    }
    return { scenario, rows: runners.map(toRow), absent };
  } finally {
    await stage.close();
  }
}

/** Measured again, at most twice, when other programs took a tenth of the server's core. */
async function quietPairOf(
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

async function sampleOf(
  entry: Entry,
  { work }: Scenario,
  stage: Stage,
  plan: Plan,
  warmUpMs: number,
): Promise<Sample> {
  const order: LoadOrder = {
    port: entry.port,
    path: '/graphql',
    body: JSON.stringify({ query: work.query }),
    connections: work.connections ?? plan.connections,
    warmUpMs,
    measureMs: plan.measureMs,
    leastRequests: 100,
    serverPid: entry.server.pid,
    serverCore,
    upstreamPid: stage.upstream.pid,
  };
  const callsBefore = await stage.calls();
  const text = await outputOf(
    {
      file: process.execPath,
      args: [join(import.meta.dirname, 'load.ts'), JSON.stringify(order)],
    },
    loadCore,
    order.warmUpMs + 3 * order.measureMs + 30_000,
  );
  const result = JSON.parse(text) as LoadResult;
  return {
    ...result,
    residentMb: residentMb(entry.server.pid),
    callsPerQuery: ((await stage.calls()) - callsBefore) / Math.max(1, result.allRequests),
  };
}

/** Each round begins with another one, so that nobody always follows the same neighbour. */
function inTurn(runners: readonly Runner[], round: number): Runner[] {
  const shift = round % Math.max(1, runners.length);
  return [...runners.slice(shift), ...runners.slice(0, shift)];
}

function toRow({ contestant, samples, pairs }: Runner): Row {
  const over = (of: (sample: Sample) => number) =>
    pairs.length === 0 ? 1 : median(pairs.map(({ ours, theirs }) => of(theirs) / of(ours)));
  return {
    contestant,
    cpuToOurs: over(cpuMsOf),
    rateToOurs: over(rateOf),
    requestsPerSecond: median(samples.map(rateOf)),
    p50Ms: median(samples.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(samples.map(({ p99Ms }) => p99Ms)),
    cpuMs: median(samples.map(cpuMsOf)),
    residentMb: median(samples.map(({ residentMb }) => residentMb)),
    callsPerQuery: median(samples.map(({ callsPerQuery }) => callsPerQuery)),
    loadCoreBusy: median(samples.map(({ loadCoreBusy }) => loadCoreBusy)),
    foreignShare: Math.max(...samples.map(({ foreignShare }) => foreignShare)),
  };
}

function rateOf({ requests, seconds }: Sample): number {
  return requests / seconds;
}

function cpuMsOf({ serverCpuMs, requests }: Sample): number {
  return serverCpuMs / Math.max(1, requests);
}

function brief(sample: Sample): string {
  return `${Math.round(rateOf(sample))} requests/s, ${cpuMsOf(sample).toFixed(3)} CPU ms`;
}
