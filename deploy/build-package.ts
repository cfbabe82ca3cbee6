/**
 * Builds the publishable package `tailorbird` into `dist/`: JavaScript, types, the explorer's
 * page and a package.json of its own. `npm pack ./dist` makes the tarball.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { oldestNode } from '../src/node-version.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = `${root}dist`;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}

rmSync(dist, { recursive: true, force: true });
execFileSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, '-p', 'deploy/tsconfig.package.json'],
  {
    cwd: root,
    stdio: 'inherit',
  },
);

const explorer = 'server/explorer/dist';
if (existsSync(`${root}src/${explorer}`)) {
  cpSync(`${root}src/${explorer}`, `${dist}/${explorer}`, { recursive: true });
}
cpSync(`${root}README.md`, `${dist}/README.md`);
cpSync(`${root}LICENSE`, `${dist}/LICENSE`);

const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Manifest;
const { name, version, description, license, devDependencies } = manifest;
/** Clients of brokers and queues: nobody needs all of them. */
const optional = [
  '@redis/client',
  '@nats-io/transport-node',
  '@nats-io/jetstream',
  'rabbitmq-client',
  'kafkajs',
  '@aws-sdk/client-sqs',
  'rhea',
];
const installed = {
  ...Object.fromEntries(
    Object.entries(devDependencies).filter(([peer]) => optional.includes(peer)),
  ),
  ...manifest.dependencies,
};
const pick = (wanted: boolean) =>
  Object.fromEntries(
    Object.entries(installed).filter(([dependency]) => optional.includes(dependency) === wanted),
  );
writeFileSync(
  `${dist}/package.json`,
  `${JSON.stringify(
    {
      name,
      version,
      description,
      license,
      type: 'module',
      engines: { node: `>=${oldestNode}` },
      exports: { '.': { types: './index.d.ts', default: './index.js' } },
      bin: { tailorbird: './cli/main.js' },
      dependencies: pick(false),
      peerDependencies: pick(true),
      peerDependenciesMeta: Object.fromEntries(optional.map((peer) => [peer, { optional: true }])),
    },
    null,
    2,
  )}\n`,
);
chmodSync(`${dist}/cli/main.js`, 0o755);
