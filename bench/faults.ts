/** `npm run faults`: the fault table, each row with figure and verdict. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { rows } from './faults/rows.ts';
import { type Figure, type Row, TooBusy } from './faults/row.ts';

const help = `npm run faults -- [options]

Makes fake backends sick, one fault at a time, behind a bff under load, then hammers bffs in
production profile themselves, and checks what their clients see. Writes bench/faults.md. About
twenty minutes. Some rows want haproxy, slowhttptest, redis-server (Debian's) or graphql-cop (its folder in
GRAPHQL_COP), and say so where they are not.

  --only <regex>   only the rows that match, as --list prints them; faults.md stays as it is
  --quick          each row shorter; faults.md stays as it is
  --list           print the rows
  --help           print this
`;

/** No row is run again later than this after the start, so that a busy machine ends as well. */
const againUntilMs = 15 * 60_000;
/** The longest row, 100,000 answers, gives up after five minutes by itself. */
const rowLimitMs = 6 * 60_000;

const options = readOptions();
if (options.help) process.stdout.write(help);
else if (options.list) process.stdout.write(rows.map(({ name }) => `${name}\n`).join(''));
else await run();

async function run(): Promise<void> {
  const { only, quick } = options;
  const pattern = only === undefined ? undefined : new RegExp(only);
  const chosen = rows.filter(({ name }) => pattern?.test(name) ?? true);
  const lines: string[] = [];
  let broken = 0;
  for (const row of chosen) {
    const figures = await figuresOf(row, quick ? 0.5 : 1);
    process.stdout.write(`${row.name}\n`);
    for (const { what, promise, figure, holds, isSkipped } of figures) {
      if (!holds) broken += 1;
      const verdict = isSkipped ? 'skipped' : holds ? 'holds' : 'BROKEN';
      process.stdout.write(`  ${verdict.padEnd(7)} ${what}: ${figure} (${promise})\n`);
      lines.push(`| ${row.name} | ${what} | ${promise} | ${figure} | ${verdict} |`);
    }
  }
  if (only === undefined && !quick)
    writeFileSync(new URL('./faults.md', import.meta.url), report(lines));
  // What a row that was given up still waits for ends with this process.
  process.exit(broken === 0 ? 0 : 1);
}

/**
 * A row is run again when the machine was too busy for it, by what a healthy twin saw, and there is
 * time.
 */
async function figuresOf(row: Row, scale: number): Promise<readonly Figure[]> {
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    if (attempt > 1 && performance.now() > againUntilMs) break;
    try {
      return await inTime(row.run(scale));
    } catch (error) {
      // One line of a table: what a program printed after it stays on the screen.
      const [why = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
      if (!(error instanceof TooBusy)) return [notMeasured(`it failed: ${why}`)];
      process.stdout.write(`${row.name}: the machine was too busy, ${why}\n`);
    }
  }
  return [notMeasured('the machine was too busy')];
}

/** The table is written whatever becomes of one row. */
function notMeasured(figure: string): Figure {
  return { what: 'the row', promise: 'measured', figure, holds: false };
}

function inTime<Value>(row: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(reject, rowLimitMs, new Error(`not over in ${rowLimitMs / 1_000} s`));
    row.then(resolve, reject).finally(() => clearTimeout(late));
  });
}

function report(lines: readonly string[]): string {
  return `# Fault table

Written by \`npm run faults\` on ${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${process.platform} ${process.arch}. Fake backends
on loopback answer after 60 ms; calls have 500 ms; other policies have their defaults. Load comes at
fixed rates; latencies count from when an operation was due. The healthy twin is another bff with backends and
load of its own, at the same time; a row in which the twin itself failed was run again. A call's deadline plus 50 ms is 550 ms.

From "100 identical reads" on, bffs in production profile are the target: registered operations only, load shedding on,
an OpenID provider and an upstream that says whose token it saw. Limits per address and viewer are out of the way, since all
load comes from one address.

| fault | figure | promise | measured | verdict |
|---|---|---|---|---|
${lines.join('\n')}
`;
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  }
}
