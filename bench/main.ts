/** `npm run bench`: see `--help`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printGoals } from './goals.ts';
import { type CurveResult, curves, measureCurve, printCurve } from './growth.ts';
import { startLoadGenerator } from './load/generator.ts';
import { measureStage, type Plan, type Table } from './measure.ts';
import { helpText, type Options, readOptions } from './options.ts';
import { peerVersions } from './peers.ts';
import { killAll } from './processes.ts';
import { printResults, printTable } from './report.ts';
import { chosenStages } from './scenarios.ts';
import { measureStarts, printStarts, type StartRow } from './start.ts';

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => process.exit(130));
}
process.on('exit', killAll);
// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(helpText);
  else if (options.list) printList(options);
  else await run(options);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}

async function run(options: Options): Promise<void> {
  if (!existsSync('/proc/self/stat')) {
    throw new Error('CPU time and memory are read from /proc, which only Linux has');
  }
  const plan: Plan = {
    rounds: options.rounds,
    connections: 64,
    firstWarmUp: {
      warmUpMs: 0,
      // Compilers share the core with what they compile. In one run beside a warm floor, upstream
      // asked every time, tailorbird took 1.4 to 1.7 times the CPU a request after 3 to 9 s that it
      // took from 12 s (20,000 answers) on. With answers cached it is level after 3 s (50,000).
      measureMs: options.quick ? 3_000 : 12_000,
      mostRequests: 60_000,
    },
    latencyWarmUp: { warmUpMs: 0, measureMs: 1_000 },
    slice: { warmUpMs: 100, measureMs: 1_000 },
  };
  const startedAt = performance.now();
  const starts = await runStarts(options);
  const tables: Table[] = [];
  const load = startLoadGenerator();
  try {
    for (const stage of chosenStages(options)) {
      for await (const table of measureStage(stage, load, plan, print)) {
        tables.push(table);
        print(`\n${printTable(table)}`);
        write([]);
      }
    }
  } finally {
    await load.stop();
  }
  const curves = await runCurves(options, plan);
  write(curves);
  print(printGoals({ tables, starts, curves }));

  /** After each table: most of an hour is not lost to what ends its last minute. */
  function write(curves: readonly CurveResult[]): void {
    if (options.quick || options.only) return;
    const head = {
      command: [
        'npm run bench',
        ...(process.argv.length > 2 ? ['--'] : []),
        ...process.argv.slice(2),
      ].join(' '),
      date: new Date().toISOString().slice(0, 10),
      versions: { tailorbird: ownVersion(), node: process.versions.node, ...peerVersions() },
      rounds: plan.rounds,
      connections: plan.connections,
      firstWarmUpMs: plan.firstWarmUp.measureMs,
      measureMs: plan.slice.measureMs,
      minutes: (performance.now() - startedAt) / 60_000,
    };
    const parts = [
      printGoals({ tables, starts, curves }),
      printStarts(starts),
      ...tables.map(printTable),
      ...curves.map(printCurve),
    ];
    writeFileSync(join(import.meta.dirname, 'results.md'), printResults(head, parts));
  }
}

async function runStarts(options: Options): Promise<StartRow[]> {
  if (!(options.only?.test('start') ?? true)) return [];
  print('start');
  const starts = await measureStarts(options.rounds, print);
  print(`\n${printStarts(starts)}`);
  return starts;
}

async function runCurves(options: Options, { slice }: Plan): Promise<CurveResult[]> {
  const results: CurveResult[] = [];
  for (const curve of curves.filter(({ name }) => options.only?.test(name) ?? !options.quick)) {
    print(curve.name);
    const result = await measureCurve(curve, slice.measureMs, print);
    print(`\n${printCurve(result)}`);
    results.push(result);
  }
  return results;
}

function printList(options: Options): void {
  if (options.only?.test('start') ?? true) print('start');
  for (const { name } of curves) if (options.only?.test(name) ?? !options.quick) print(name);
  for (const { scenario, contestants } of chosenStages(options).flatMap(({ tables }) => tables)) {
    for (const contestant of contestants) {
      const missing = contestant.missing();
      print(`${scenario.id}/${contestant.name}${missing === undefined ? '' : `  (${missing})`}`);
    }
  }
}

function ownVersion(): string {
  const file = join(import.meta.dirname, '../package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
