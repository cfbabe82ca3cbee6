import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Contestant, type Site, withEnv } from './contestant.ts';
import type { Command } from './processes.ts';

/** What one would write by hand for a workload: `bench/floor/<file>.ts`. */
export function handWritten(file: string, modes: Contestant['modes']): Contestant {
  return {
    name: 'floor: hand-written',
    kind: 'floor',
    modes,
    missing: () => undefined,
    command: (site) => server(`floor/${file}.ts`, site),
  };
}

/** The same bytes from a bare server: what no server on Node can undercut. */
export const constantBytes: Contestant = {
  name: 'floor: bare node:http, same bytes',
  kind: 'floor',
  modes: ['cached'],
  missing: () => undefined,
  command: (site) => server('floor/constant.ts', site),
};

/** Tailorbird on a workload, with and without what it keeps between requests: `bench/ours/<file>.ts`. */
export function ours(file: string): Contestant {
  const path = join(import.meta.dirname, `ours/${file}.ts`);
  return {
    name: 'tailorbird',
    kind: 'ours',
    modes: ['uncached', 'cached'],
    missing: () => (existsSync(path) ? undefined : 'no server for this workload yet'),
    command: (site) => server(`ours/${file}.ts`, site),
  };
}

/**
 * The same, with what it fetches declared as everybody's: asked anew for each answer, but only once
 * for all who ask at the same moment.
 */
export function oursSharing(file: string): Contestant {
  const contestant = withEnv(ours(file), { SHARES: '1' });
  return { ...contestant, name: 'tailorbird, sharing calls in flight', modes: ['uncached'] };
}

function server(file: string, site: Site): Command {
  return {
    file: process.execPath,
    args: [join(import.meta.dirname, file)],
    env: {
      ...site.env,
      PORT: String(site.port),
      UPSTREAM: site.upstream,
      GRPC_UPSTREAM: site.grpcUpstream,
      ANSWER_FILE: site.answerFile,
      CACHED: site.cached ? '1' : '0',
    },
  };
}
