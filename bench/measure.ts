import type { Contestant, Scenario, StagePlan, TablePlan } from './contestant.ts';
import type { LoadGenerator } from './load/generator.ts';
import {
  cpuMsOf,
  type Pair,
  rateOf,
  type Sample,
  type SliceTimes,
  takeQuietPair,
  takeSample,
} from './slices.ts';
import { type Entry, openStage } from './stage.ts';
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
  readonly absent: readonly Absence[];
}

/** Who did not run, and why. */
interface Absence {
  readonly name: string;
  readonly reason: string;
}

export interface Plan {
  readonly rounds: number;
  readonly connections: number;
  /** Of a server that has just started; less for one that is not compiled as it runs. */
  readonly firstWarmUp: SliceTimes;
  /** After upstream has become slower, or faster. */
  readonly latencyWarmUp: SliceTimes;
  readonly slice: SliceTimes;
}

interface Runner extends Entry {
  readonly samples: Sample[];
  /** Of each round: ours, and its own right after. */
  readonly pairs: Pair[];
}

/**
 * Measures the tables of one stage: starts everyone, checks each answer, warms them up while
 * upstream answers at once, then measures each table.
 */
export async function* measureStage(
  stagePlan: StagePlan,
  load: LoadGenerator,
  plan: Plan,
  note: (line: string) => void,
): AsyncGenerator<Table> {
  const { work, mode, contestants, tables } = stagePlan;
  note(`${work.name}/${mode}`);
  const entries: Entry[] = [];
  const absent: Absence[] = [];
  const stage = await openStage(stagePlan);
  const sampleOf = (entry: Entry, times: SliceTimes) =>
    takeSample(load, stage, work, entry, plan.connections, times);
  const leaveOut = ({ name }: Contestant, reason: string) => {
    absent.push({ name, reason });
    note(`  ${name}: ${reason}`);
  };
  try {
    for (const contestant of contestants) {
      const entry = await stage.admit(contestant);
      if (typeof entry === 'string') leaveOut(contestant, entry);
      else entries.push(entry);
    }
    for (const entry of entries) await sampleOf(entry, firstWarmUpOf(entry.contestant));
    let latencyMs = 0;
    for (const table of tables) {
      note(table.scenario.id);
      await changeLatency(table.scenario.latencyMs);
      yield await measureTable(table);
    }

    async function changeLatency(ms: number): Promise<void> {
      if (ms === latencyMs) return;
      latencyMs = ms;
      await stage.setLatency(ms);
      for (const entry of entries) await sampleOf(entry, plan.latencyWarmUp);
    }
  } finally {
    await stage.close();
  }

  /**
   * Everyone in turn, in short slices, one of ours before each of the others'. A shared machine is
   * three times as fast in one minute as in the next; between two slices it is nearly the same.
   */
  async function measureTable({ scenario, contestants: those }: TablePlan): Promise<Table> {
    const runners = entries
      .filter(({ contestant }) => those.includes(contestant))
      .map((entry): Runner => ({ ...entry, samples: [], pairs: [] }));
    const own = runners.find(({ contestant }) => contestant.kind === 'ours') ?? runners[0];
    if (own === undefined) return { scenario, rows: [], absent: absentOf(those) };
    for (let round = 0; round < plan.rounds; round++) {
      const others: Runner[] =
        runners.length === 1 ? runners : runners.filter((runner) => runner !== own);
      for (const runner of inTurn(others, round)) {
        const pair = await takeQuietPair(
          () => sampleOf(own, plan.slice),
          () => sampleOf(runner, plan.slice),
        );
        runner.pairs.push(pair);
        runner.samples.push(pair.theirs);
        if (runner !== own) own.samples.push(pair.ours);
        note(`  round ${round + 1}, ${runner.contestant.name}: ${brief(pair.theirs)}`);
        if (pair.theirs.wrong > 0) await disqualify(runner, runners, pair.theirs);
        if (pair.ours.wrong === 0 || runner === own) continue;
        await disqualify(own, runners, pair.ours);
        return { scenario, rows: [], absent: absentOf(those) };
      }
    }
    return { scenario, rows: runners.map(toRow), absent: absentOf(those) };
  }

  async function disqualify(
    runner: Runner,
    runners: Runner[],
    { wrong, firstWrong }: Sample,
  ): Promise<void> {
    leaveOut(
      runner.contestant,
      `disqualified: ${wrong} wrong answers under load, the first: ${firstWrong}`,
    );
    runners.splice(runners.indexOf(runner), 1);
    entries.splice(
      entries.findIndex(({ contestant }) => contestant === runner.contestant),
      1,
    );
    await runner.server.stop();
  }

  function firstWarmUpOf({ firstWarmUpMs = Number.POSITIVE_INFINITY }: Contestant): SliceTimes {
    const { measureMs, ...others } = plan.firstWarmUp;
    return { ...others, measureMs: Math.min(measureMs, firstWarmUpMs) };
  }

  function absentOf(those: readonly Contestant[]): Absence[] {
    return absent.filter(({ name }) => those.some((contestant) => contestant.name === name));
  }
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

function brief(sample: Sample): string {
  return `${Math.round(rateOf(sample))} requests/s, ${cpuMsOf(sample).toFixed(3)} CPU ms`;
}
