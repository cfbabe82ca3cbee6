import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Contestant, type Site, withEnv } from './contestant.ts';
import { tailcallConfig, type TailcallMode } from './peers/configs/tailcall.ts';
import { tailcallCommand, tailcallMissing } from './peers/tailcall.ts';
import { type Command, loadCore, outputOf } from './processes.ts';

const peersFolder = join(import.meta.dirname, 'peers');

/** The peers of the posts and users queries. */
export const postsPeers: readonly Contestant[] = [
  nodePeer('mercurius, jit, loaders', 'mercurius', 'mercurius.ts'),
  tailcall('plain', ['uncached']),
  tailcall('batching', ['uncached']),
  tailcall('dedupe', ['cached']),
  tailcall('cache', ['cached']),
  nodePeer('yoga, pothos, dataloader', 'graphql-yoga', 'yoga-pothos.ts'),
  nodePeer('yoga, response cache', '@graphql-yoga/plugin-response-cache', 'yoga-pothos.ts', [
    'cached',
  ]),
  nodePeer('yoga, stitchSchemas', '@graphql-tools/stitch', 'yoga-stitch.ts'),
  nodePeer('apollo server, dataloader', '@apollo/server', 'apollo.ts'),
  hive('hive gateway, mesh compose', ['uncached']),
  hive('hive gateway, response cache', ['cached']),
];

/**
 * Those of them that derive a field in code. A stitched field of the gateway does not: it is
 * computed before what it needs of a merged object below it is there.
 */
export const bylinePeers = postsPeers.filter(
  ({ name, modes }) => modes.includes('uncached') && !/^(tailcall|hive|yoga, stitch)/.test(name),
);

/** Those of them that can have users from a remote GraphQL service. */
export const remotePeers = postsPeers
  .filter(({ name, modes }) => modes.includes('uncached') && !name.startsWith('tailcall'))
  .map((peer): Contestant => withEnv(peer, { USERS_AS: 'graphql' }));

/** Packages whose versions belong beside the figures, with the version installed. */
export function peerVersions(): Record<string, string> {
  const names = [
    'mercurius',
    '@tailcallhq/core-linux-x64-gnu',
    'graphql-yoga',
    '@pothos/core',
    '@graphql-tools/stitch',
    '@apollo/server',
    '@graphql-hive/gateway',
    '@graphql-mesh/compose-cli',
  ];
  return Object.fromEntries(
    names.flatMap((name) => {
      const file = join(peersFolder, 'node_modules', name, 'package.json');
      if (!existsSync(file)) return [];
      const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
      return [[name, version.replace(/^v/, '')]];
    }),
  );
}

function nodePeer(
  name: string,
  needs: string,
  file: string,
  modes: Contestant['modes'] = ['uncached'],
): Contestant {
  return {
    name,
    kind: 'peer',
    modes,
    missing: () => notInstalled(needs),
    command: ({ port, upstream, cached, env }) => ({
      file: process.execPath,
      args: [join(peersFolder, 'servers', file)],
      env: { ...env, PORT: String(port), UPSTREAM: upstream, CACHED: cached ? '1' : '0' },
    }),
  };
}

function tailcall(mode: TailcallMode, modes: Contestant['modes']): Contestant {
  return {
    name: `tailcall, ${mode}`,
    kind: 'peer',
    modes,
    firstWarmUpMs: 2_000, // its second second is as fast as its eleventh
    missing: () => notInstalled('@tailcallhq/core-linux-x64-gnu') ?? tailcallMissing(),
    command: ({ port, upstream, folder }) => {
      const file = join(folder, `tailcall-${mode}.graphql`);
      writeFileSync(file, tailcallConfig(mode, port, upstream));
      return tailcallCommand(file);
    },
  };
}

function hive(name: string, modes: Contestant['modes']): Contestant {
  return {
    name,
    kind: 'peer',
    modes,
    missing: () =>
      notInstalled('@graphql-hive/gateway') ?? notInstalled('@graphql-mesh/compose-cli'),
    command: async ({ port, upstream, cached, folder, env }: Site): Promise<Command> => {
      const supergraph = join(folder, 'supergraph.graphql');
      await outputOf(
        {
          file: process.execPath,
          args: [bin('mesh-compose'), '-c', join(peersFolder, 'configs/mesh.ts'), '-o', supergraph],
          env: { ...env, UPSTREAM: upstream },
        },
        loadCore,
        60_000,
      );
      return {
        file: process.execPath,
        args: [bin('hive-gateway'), 'supergraph', '-c', join(peersFolder, 'configs/gateway.ts')],
        env: { SUPERGRAPH: supergraph, PORT: String(port), CACHED: cached ? '1' : '0' },
      };
    },
  };
}

function bin(name: string): string {
  return join(peersFolder, 'node_modules/.bin', name);
}

function notInstalled(name: string): string | undefined {
  if (existsSync(join(peersFolder, 'node_modules', name))) return undefined;
  return 'not installed: npm ci --prefix bench/peers';
}
