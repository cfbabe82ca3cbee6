import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Contestant, Scenario, Site } from './contestant.ts';
import type { LoadOrder, LoadResult } from './load.ts';
import { residentMb } from './process-usage.ts';
import {
  freePort,
  loadCore,
  outputOf,
  type Running,
  serverCore,
  sleep,
  start,
} from './processes.ts';
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

interface Entry {
  readonly contestant: Contestant;
  readonly server: Running;
  readonly port: number;
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
  const entries: Entry[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'tailorbird-bench-'));
  const upstreamPort = await freePort();
  const upstream = start(scenario.work.upstream(upstreamPort, scenario.latencyMs), loadCore);
  const drop = async (entry: Entry, reason: string) => {
    absent.push({ name: entry.contestant.name, reason });
    note(`  ${entry.contestant.name}: ${reason}`);
    entries.splice(entries.indexOf(entry), 1);
    await entry.server.stop();
  };
  try {
    const upstreamUrl = `http://127.0.0.1:${upstreamPort}`;
    await until(() => callsOf(upstreamUrl), 10_000);
    for (const contestant of contestants) {
      const missing = contestant.missing();
      if (missing !== undefined) {
        absent.push({ name: contestant.name, reason: missing });
        note(`  ${contestant.name}: left out, ${missing}`);
        continue;
      }
      const site = await makeSite(scenario, upstreamUrl, folder);
      const server = start(await contestant.command(site), serverCore);
      const entry: Entry = { contestant, server, port: site.port, samples: [] };
      entries.push(entry);
      const wrong = await checkAnswer(entry, scenario);
      if (wrong !== undefined) await drop(entry, wrong);
    }
    for (let round = 0; round < plan.rounds; round++) {
      for (const entry of inTurn(entries, round)) {
        const sample = await sampleOf(entry, scenario, plan, round, upstream, upstreamUrl);
        entry.samples.push(sample);
        note(`  round ${round + 1}, ${entry.contestant.name}: ${brief(sample)}`);
        if (sample.wrong > 0)
          await drop(entry, `disqualified: ${sample.wrong} wrong answers under load`);
      }
    }
    return { scenario, rows: entries.map(toRow), absent };
  } finally {
    await Promise.all([...entries.map(({ server }) => server.stop()), upstream.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function sampleOf(
  entry: Entry,
  scenario: Scenario,
  plan: Plan,
  round: number,
  upstream: Running,
  upstreamUrl: string,
): Promise<Sample> {
  const order: LoadOrder = {
    port: entry.port,
    path: '/graphql',
    body: JSON.stringify({ query: scenario.work.query }),
    connections: plan.connections,
    warmUpMs: round === 0 ? plan.firstWarmUpMs : plan.warmUpMs,
    measureMs: plan.measureMs,
    serverPid: entry.server.pid,
    upstreamPid: upstream.pid,
  };
  const callsBefore = await callsOf(upstreamUrl);
  const text = await outputOf(
    {
      file: process.execPath,
      args: [join(import.meta.dirname, 'load.ts'), JSON.stringify(order)],
    },
    loadCore,
    order.warmUpMs + order.measureMs + 30_000,
  );
  const result = JSON.parse(text) as LoadResult;
  return {
    ...result,
    residentMb: residentMb(entry.server.pid),
    callsPerQuery: ((await callsOf(upstreamUrl)) - callsBefore) / Math.max(1, result.allRequests),
  };
}

/** Waits for the first answer and compares it; says what is wrong, if anything is. */
async function checkAnswer(
  { server, port }: Entry,
  { work }: Scenario,
): Promise<string | undefined> {
  const ask = async () => {
    if (server.exitCode() !== null) throw new Error('it ended');
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query: work.query }),
      signal: AbortSignal.timeout(10_000),
    });
    return (await response.json()) as { data?: unknown; errors?: unknown };
  };
  try {
    const answer = await until(ask, 30_000, () => server.exitCode() === null);
    if (answer.errors === undefined && isDeepStrictEqual(answer.data, work.expected))
      return undefined;
    return `disqualified: wrong answer ${JSON.stringify(answer).slice(0, 200)}`;
  } catch (error) {
    return `does not answer (${String(error)}): ${server.output().slice(-400).trim()}`;
  }
}

/** Asks until there is an answer; fails with the last error after `timeoutMs`, or once it is hopeless. */
async function until<T>(
  ask: () => Promise<T>,
  timeoutMs: number,
  hopeful: () => boolean = () => true,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > deadline || !hopeful()) throw error;
      await sleep(50);
    }
  }
}

async function callsOf(upstreamUrl: string): Promise<number> {
  return Number(await (await fetch(`${upstreamUrl}/__calls`)).text());
}

async function makeSite({ work, mode }: Scenario, upstream: string, folder: string): Promise<Site> {
  const answerFile = join(folder, 'answer.json');
  writeFileSync(answerFile, JSON.stringify({ data: work.expected }));
  return { port: await freePort(), upstream, cached: mode === 'cached', answerFile, folder };
}

/** Each round begins with another one, so that nobody always follows the same neighbour. */
function inTurn(entries: readonly Entry[], round: number): Entry[] {
  const shift = round % Math.max(1, entries.length);
  return [...entries.slice(shift), ...entries.slice(0, shift)];
}

function toRow({ contestant, samples }: Entry): Row {
  return {
    contestant,
    requestsPerSecond: median(samples.map(({ requests, seconds }) => requests / seconds)),
    p50Ms: median(samples.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(samples.map(({ p99Ms }) => p99Ms)),
    cpuMs: median(samples.map(({ serverCpuMs, requests }) => serverCpuMs / Math.max(1, requests))),
    residentMb: median(samples.map(({ residentMb }) => residentMb)),
    callsPerQuery: median(samples.map(({ callsPerQuery }) => callsPerQuery)),
    loadCoreBusy: median(samples.map(({ loadCoreBusy }) => loadCoreBusy)),
  };
}

function brief({ requests, seconds, serverCpuMs }: Sample): string {
  return `${Math.round(requests / seconds)} requests/s, ${(serverCpuMs / Math.max(1, requests)).toFixed(3)} CPU ms`;
}
