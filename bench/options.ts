import { parseArgs } from 'node:util';

export interface Options {
  /** Matched against `<scenario>` and `<scenario>/<contestant>`, and against `start`. */
  readonly only: RegExp | undefined;
  readonly quick: boolean;
  readonly rounds: number;
  readonly list: boolean;
  readonly help: boolean;
}

export const helpText = `npm run bench -- [options]

Measures tailorbird beside its peers and beside hand-written floors, on this machine:
the server on core 0, load and upstream on core 1. Writes bench/results.md. A whole run takes
some 40 minutes on two quiet cores, reckoned from its parts; longer where slices have to be
taken again because other programs disturbed them.

  --only <regex>   only what matches, as --list prints it; results.md stays as it is
  --quick          one short round of the main tables, hardly warmed up: for whether it runs,
                   not for ratios; results.md stays as it is
  --rounds <n>     rounds of each table, alternating the servers (default 5)
  --list           print what would run, and what is missing
  --help           print this

Peers are installed apart: npm ci --prefix bench/peers
`;

/** Reads the flags; throws an error with one readable line when they are wrong. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const rounds = values.rounds === undefined ? (values.quick ? 1 : 5) : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 50) {
    throw new Error(`--rounds takes a whole number from 1 to 50, not "${values.rounds}"`);
  }
  return {
    only: values.only === undefined ? undefined : new RegExp(values.only),
    quick: values.quick,
    rounds,
    list: values.list,
    help: values.help,
  };
}
