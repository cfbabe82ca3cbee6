import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { atLeast, atMost, type Figure, type Row, shown, skipped } from '../faults/row.ts';
import { inHouse, oneAddress } from '../faults/server/house.ts';

const remedy =
  'clone https://github.com/dolevf/graphql-cop, install its requirements, and set GRAPHQL_COP to its folder';

interface Check {
  readonly title: string;
  readonly result: boolean;
}

/** The checks of graphql-cop against production as it is by default, and with any operation let in. */
export const graphqlCop: Row = {
  name: 'audits: graphql-cop',
  run: () =>
    inHouse(async (house): Promise<readonly Figure[]> => {
      const folder = process.env['GRAPHQL_COP'];
      if (folder === undefined) return [skipped('findings', remedy)];
      if (!existsSync(join(folder, 'graphql-cop.py'))) {
        throw new Error(`GRAPHQL_COP is ${folder}, which has no graphql-cop.py: ${remedy}`);
      }
      const figures: Figure[] = [];
      for (const [persisted, words] of [
        ['on', 'by default'],
        ['off', 'with any operation let in'],
      ] as const) {
        const bff = await house.bff({ limits: oneAddress, env: { PERSISTED_ONLY: persisted } });
        const checks = await audit(folder, bff.url);
        const found = checks.filter(({ result }) => result).map(({ title }) => title);
        figures.push(
          atLeast(`checks, ${words}`, checks.length, 10),
          atMost(`findings, ${words}`, found.length, 0),
          ...(found.length > 0 ? [shown('found', found.join('; '))] : []),
        );
      }
      return figures;
    }),
};

async function audit(folder: string, url: string): Promise<readonly Check[]> {
  // Forced: what refuses everything does not look like GraphQL to it.
  const options = ['graphql-cop.py', '-t', url, '-o', 'json', '-f'];
  const { stdout } = await promisify(execFile)('python3', options, {
    cwd: folder,
    timeout: 120_000,
  });
  const json = stdout.split('\n').findLast((line) => line.startsWith('['));
  if (json === undefined) throw new Error(`graphql-cop printed no checks, but: ${stdout}`);
  return JSON.parse(json) as Check[];
}
