import { readCommandLine, UsageError, usage } from './start/command-line.ts';
import { onParentGone } from './start/parent-gone.ts';
import { parts as allParts, type Part } from './start/parts.ts';
import { commandFor, environmentOf, originOf, type Ports, resolvePorts } from './start/ports.ts';
import { type RunningPart, runPart } from './start/run-part.ts';
import { watchSources } from './start/watch-sources.ts';

const startedAt = performance.now();
const running = new Map<string, RunningPart>();
const nameWidth = Math.max(...allParts.map((part) => part.name.length));
let stopping = false;

try {
  const command = readCommandLine(process.argv.slice(2));
  if (command.help) console.log(usage);
  else await startAll(command.parts, command.watch);
} catch (error) {
  if (!stopping) {
    console.error(error instanceof Error ? error.message : String(error));
    await stopAll(error instanceof UsageError ? 2 : 1);
  }
}

async function startAll(parts: readonly Part[], watch: boolean): Promise<void> {
  const ports = await resolvePorts(parts, process.env);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => stopAll(0));
  }
  onParentGone(() => stopAll(0));
  await Promise.all(parts.map((part) => start(part, ports, parts)));
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  console.log(`\nEverything answers, after ${seconds} s. Ctrl-C stops it all.\n`);
  for (const part of watch ? parts : []) {
    // One restart at a time: each waits for the one before.
    let turn = Promise.resolve();
    watchSources(part.sources, (file) => {
      turn = turn.then(() => restart(part, ports, parts, file));
    });
  }
}

/** Starts a part, says where it is when it answers, and says so when it ends later on. */
async function start(part: Part, ports: Ports, parts: readonly Part[]): Promise<void> {
  const env = environmentOf(part, ports, parts, process.env);
  const started = runPart(part, ports, env, (line) => console.log(prefixed(part, line)));
  running.set(part.name, started);
  try {
    await started.answers;
  } catch (error) {
    const lines = withoutStack(started.child.lastLines()).map((line) => `  ${line}`);
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error([`${part.name} ${reason}`, ...lines].join('\n'), { cause: error });
  }
  for (const { variable, shown } of part.ports) {
    console.log(prefixed(part, shown(originOf(ports.get(variable)))));
  }
  void started.child.ended.then((how) => {
    if (stopping || running.get(part.name) !== started) return;
    running.delete(part.name);
    const again = commandFor(part, ports, parts);
    console.error(
      prefixed(part, `ended (${how}); the others go on without it. To start it again: ${again}`),
    );
    if (running.size === 0) void stopAll(1);
  });
}

/** Under `--watch`: a part that does not come back is reported, and waits for the next change. */
async function restart(
  part: Part,
  ports: Ports,
  parts: readonly Part[],
  file: string,
): Promise<void> {
  if (stopping) return;
  const before = running.get(part.name);
  running.delete(part.name);
  console.log(prefixed(part, `restarts: ${file} has changed`));
  await before?.child.stop();
  await start(part, ports, parts).catch((error: Error) => console.error(error.message));
}

/** The last words of a process, at most five lines: without the frames that Node prints of a crash. */
function withoutStack(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => !/^\s+at |^Node\.js v|^\s*$/.test(line)).slice(-5);
}

/** Ends every part, then this process; asked a second time, at once. */
async function stopAll(exitCode: number): Promise<void> {
  if (stopping) process.exit(1);
  stopping = true;
  await Promise.all([...running.values()].map(({ child }) => child.stop()));
  process.exit(exitCode);
}

function prefixed(part: Part, line: string): string {
  return `${part.name.padEnd(nameWidth)}  ${line}`;
}
