import { parseArgs } from 'node:util';
import { type Part, parts } from './parts.ts';

/** What was typed is wrong; the message is for whoever typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface Command {
  readonly help: boolean;
  readonly watch: boolean;
  readonly parts: readonly Part[];
}

const groups = ['backends', 'bffs'];
const names = [...groups, ...parts.map((part) => part.name)];

export const usage = `Usage: node sandbox/start.ts [--only <part>] [--watch]

Starts the sandbox's backends and both BFFs, and stops them all on Ctrl-C.

  --only <part>  only these: ${names.join(', ')}; several with commas
  --watch        restart a part when its files change
  --help         this text

Ports: ${parts
  .flatMap((part) => part.ports)
  .map((port) => `${port.variable} (${port.fallback})`)
  .join(', ')
  .replace(/(.{60,80}?), /g, '$1,\n       ')}
Also: SANDBOX_DIR (.sandbox), WATCH_SPEED (9000), LOG_LEVEL (debug shows each backend call),
      and ${parts.flatMap((part) => part.urlVariable ?? []).join(', ')} to point the BFFs elsewhere`;

/** Fails with `UsageError`. */
export function readCommandLine(args: readonly string[]): Command {
  const { only, watch = false, help = false } = parse(args);
  return { help, watch, parts: only === undefined ? parts : select(only) };
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        watch: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function select(only: string): Part[] {
  const wanted = only.split(',').map((name) => name.trim());
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`--only has "${unknown}"; there are ${names.join(', ')}`);
  }
  return parts.filter((part) => wanted.includes(part.name) || wanted.includes(part.group));
}
