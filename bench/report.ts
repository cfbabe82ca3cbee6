import { availableParallelism } from 'node:os';
import type { Row, Table } from './measure.ts';
import { alignTable } from './table.ts';

/** One scenario as a Markdown table; ratios are to ours, which each of the others was measured beside. */
export function printTable({ scenario, rows, absent }: Table): string {
  const sorted = [...rows].sort((a, b) => a.cpuToOurs - b.cpuToOurs);
  const cells = [
    [
      'server',
      'CPU ÷ ours',
      'rate ÷ ours',
      'requests/s',
      'p50 ms',
      'p99 ms',
      'CPU ms',
      'MB',
      'calls',
    ],
    ...sorted.map((row) => [
      row.contestant.name,
      row.cpuToOurs.toFixed(2),
      row.rateToOurs.toFixed(2),
      Math.round(row.requestsPerSecond).toLocaleString('en') + (row.loadCoreBusy > 0.9 ? ' *' : ''),
      row.p50Ms.toFixed(1),
      row.p99Ms.toFixed(1),
      row.cpuMs.toFixed(3),
      row.residentMb.toFixed(0),
      row.callsPerQuery.toFixed(2),
    ]),
  ];
  const asked = scenario.mode === 'cached' ? 'answers cached' : 'upstream asked every time';
  return [
    `### ${scenario.id}: ${scenario.work.title}`,
    '',
    `\`${scenario.work.query.replace(/\s+/g, ' ')}\`, ${asked}, upstream answers after ${scenario.latencyMs} ms`,
    '',
    ...alignTable(cells),
    ...(rows.some(({ loadCoreBusy }) => loadCoreBusy > 0.9)
      ? ['', "\\* the load's core was the limit: compare CPU ms"]
      : []),
    ...disturbance(rows),
    ...absent.flatMap(({ name, reason }) => ['', `${name}: ${reason}`]),
    '',
  ].join('\n');
}

function disturbance(rows: readonly Row[]): string[] {
  const most = Math.max(0, ...rows.map(({ foreignShare }) => foreignShare));
  if (most <= 0.1) return [];
  const percent = Math.round(most * 100);
  return [
    '',
    `Not alone: other programs took up to ${percent}% of the server's core; compare CPU ms.`,
  ];
}

export interface ResultsHead {
  readonly command: string;
  readonly date: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly connections: number;
  readonly firstWarmUpMs: number;
  readonly measureMs: number;
  readonly minutes: number;
}

/** The whole of `results.md`. */
export function printResults(head: ResultsHead, parts: readonly string[]): string {
  const versions = Object.entries(head.versions).map(([name, version]) => `${name} ${version}`);
  return `# Benchmark results

\`${head.command}\` on ${head.date}, ${availableParallelism()} cores, Linux, within ${Math.ceil(head.minutes)} minutes. Versions: ${versions.join(', ')}.

Each server on core 0, load and upstream on core 1; ${head.connections} keep-alive connections, one request in
flight on each; ${head.rounds} rounds in which the servers take turns, ${head.measureMs / 1_000} s each, ours before each of the others;
medians of the rounds. Ratios are of two slices that follow each other, since a shared machine is not as fast in one
minute as in the next. Before its first round a server answers for ${head.firstWarmUpMs / 1_000} s while upstream answers at once.
Every answer is compared with the right one before it is measured, and is as long under load. CPU ms is the server's user and
system time a request, MB its resident memory after the load, calls the upstream calls a query.
Compare ratios within a table; absolute figures belong to the machine. Fewer calls than the floor's
mean that a server shares identical calls in flight between requests: Tailcall's batching does, and
Hive Gateway toward GraphQL. Every server runs without a log line per request.

${parts.join('\n')}`;
}
