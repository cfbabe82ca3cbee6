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
}

interface Sample extends LoadResult {
  readonly residentMb: number;
  readonly callsPerQuery: number;
}

/** Runs one scenario: starts everyone, checks each answer, then measures them in turn. */
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
      else runners.push({ ...entry, samples: [] });
    }
    for (let round = 0; round < plan.rounds; round++) {
      for (const runner of inTurn(runners, round)) {
        const sample = await quietSampleOf(runner, scenario, stage, plan, round);
        runner.samples.push(sample);
        note(`  round ${round + 1}, ${runner.contestant.name}: ${brief(sample)}`);
        if (sample.wrong === 0) continue;
        leaveOut(runner.contestant, `disqualified: ${sample.wrong} wrong answers under load`);
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
async function quietSampleOf(...given: Parameters<typeof sampleOf>): Promise<Sample> {
  let best = await sampleOf(...given);
  for (let again = 0; again < 2 && best.foreignShare > 0.1; again++) {
    const next = await sampleOf(...given);
    if (next.foreignShare < best.foreignShare || next.wrong > 0) best = next;
  }
  return best;
}

async function sampleOf(
  entry: Entry,
  { work }: Scenario,
  stage: Stage,
  plan: Plan,
  round: number,
): Promise<Sample> {
  const order: LoadOrder = {
    port: entry.port,
    path: '/graphql',
    body: JSON.stringify({ query: work.query }),
    connections: work.connections ?? plan.connections,
    warmUpMs: round === 0 ? plan.firstWarmUpMs : plan.warmUpMs,
    measureMs: plan.measureMs,
    leastRequests: 300,
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

function toRow({ contestant, samples }: Runner): Row {
  return {
    contestant,
    requestsPerSecond: median(samples.map(({ requests, seconds }) => requests / seconds)),
    p50Ms: median(samples.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(samples.map(({ p99Ms }) => p99Ms)),
    cpuMs: median(samples.map(({ serverCpuMs, requests }) => serverCpuMs / Math.max(1, requests))),
    residentMb: median(samples.map(({ residentMb }) => residentMb)),
    callsPerQuery: median(samples.map(({ callsPerQuery }) => callsPerQuery)),
    loadCoreBusy: median(samples.map(({ loadCoreBusy }) => loadCoreBusy)),
    foreignShare: Math.max(...samples.map(({ foreignShare }) => foreignShare)),
  };
}

function brief({ requests, seconds, serverCpuMs }: Sample): string {
  return `${Math.round(requests / seconds)} requests/s, ${(serverCpuMs / Math.max(1, requests)).toFixed(3)} CPU ms`;
}
