import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Contestant } from '../contestant.ts';

/** Tailorbird on one of the workloads: `bench/ours/<file>.ts`, with and without what it keeps between requests. */
export function ours(file: string): readonly Contestant[] {
  const path = join(import.meta.dirname, `${file}.ts`);
  return [
    {
      name: 'tailorbird',
      kind: 'ours',
      modes: ['uncached', 'cached'],
      missing: () => (existsSync(path) ? undefined : 'no server for this workload yet'),
      command: ({ port, upstream, cached }) => ({
        file: process.execPath,
        args: [path],
        env: { PORT: String(port), UPSTREAM: upstream, CACHED: cached ? '1' : '0' },
      }),
    },
  ];
}
