import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';

const repository = join(import.meta.dirname, '../..');
const copied = ['bff-mobile', 'bff-web', 'sandbox', 'schemas', 'codegen.ts', 'package.json'];

/** What a command prints on standard error over a copy of the example with one mistake in it. */
async function told(
  [file, right, wrong]: readonly [file: string, right: string, wrong: string],
  command: readonly string[],
): Promise<string> {
  const tree = await mkdtemp(join(tmpdir(), 'mistakes-'));
  try {
    for (const part of copied) {
      await cp(join(repository, part), join(tree, part), { recursive: true });
    }
    for (const part of ['src', 'node_modules']) {
      await symlink(join(repository, part), join(tree, part));
    }
    const text = await readFile(join(tree, file), 'utf8');
    expect(text).toContain(right);
    await writeFile(join(tree, file), text.replace(right, wrong));
    return await new Promise((resolve, reject) => {
      execFile(
        process.execPath,
        [...command],
        {
          cwd: tree,
          env: {
            PORT: '0',
            ADMIN_PORT: '0',
            WEB_PORT: '0',
            WEB_ADMIN_PORT: '0',
            NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
          },
          timeout: 15_000,
        },
        (error, stdout, stderr) => {
          if (error?.code === 1) resolve(stderr);
          else reject(new Error(`ended with ${error?.code}: ${stdout}${stderr}`));
        },
      );
    });
  } finally {
    await rm(tree, { recursive: true });
  }
}

const web = ['bff-web/main.ts'];
const mobile = ['bff-mobile/main.ts'];
const codegen = ['codegen.ts', '--check'];

type Case = [
  what: string,
  mistake: [file: string, right: string, wrong: string],
  command: readonly string[],
  told: string | RegExp,
];

const missingFile: Case[1] = ['bff-web/bff.ts', 'fields/airport-page', 'fields/airprot-page'];
const missingFileTold =
  'bff-web/bff.ts:6: imports "./fields/airprot-page.ts", which is not there. Did you mean "./fields/airport-page.ts"?\n';
const needsItself: Case[1] = [
  'bff-mobile/fields/flight.ts',
  '{ delayMinutes destination',
  '{ statusText delayMinutes destination',
];
const needsItselfTold =
  'bff-mobile/fields/flight.ts:5: Flight.statusText needs itself (Flight.statusText → Flight.statusText); take one of these out of its needs\n';

const cases: Case[] = [
  [
    'a misspelt option of serveBff',
    ['bff-mobile/main.ts', 'adminPort:', 'adminport:'],
    mobile,
    /^bff-mobile\/main\.ts:\d+: serveBff has no option "adminport"; it has port, adminPort, auth\. Did you mean "adminPort"\?\n$/,
  ],
  [
    'no port',
    ['bff-mobile/main.ts', 'port: 4002,', ''],
    mobile,
    /^bff-mobile\/main\.ts:\d+: serveBff: port must be a port's number, but got: undefined\n$/,
  ],
  [
    'no bff',
    ['bff-mobile/main.ts', "() => import('./bff.ts')", 'undefined'],
    mobile,
    /^bff-mobile\/main\.ts:\d+: serveBff: expected what defineBff returns, or .* but got: undefined\n$/,
  ],
  ['an import of a missing file', missingFile, web, missingFileTold],
  [
    'an import from a missing folder',
    ['bff-web/bff.ts', 'schemas/airports', 'schemas/airprots'],
    web,
    'bff-web/bff.ts:2: imports "../schemas/airprots/index.ts", which is not there. Did you mean "../schemas/airports/index.ts"?\n',
  ],
  [
    'the module of the bff itself',
    ['bff-web/main.ts', './bff.ts', './bf.ts'],
    web,
    'bff-web/main.ts:3: imports "./bf.ts", which is not there. Did you mean "./bff.ts"?\n',
  ],
  [
    'an import of a missing package',
    ['schemas/airports/index.ts', "'tailorbird'", "'tailorbrid'"],
    web,
    'schemas/airports/index.ts:1: imports "tailorbrid", which is not installed. Did you mean "tailorbird"?\n',
  ],
  [
    'an import of a missing export',
    ['bff-web/bff.ts', '{ airportPage }', '{ airprotPage }'],
    codegen,
    'bff-web/bff.ts:6: imports airprotPage from "./fields/airport-page.ts", which does not export it. Did you mean "airportPage"?\n',
  ],
  [
    'a syntax error',
    ['bff-mobile/fields/flight.ts', "type: 'String',", "type: 'String'"],
    mobile,
    /^bff-mobile\/fields\/flight\.ts:7: Expected .*\n.*description.*\n +\^+\n$/,
  ],
  [
    'TypeScript that cannot be stripped',
    ['schemas/airports/index.ts', 'export const', 'enum Size { Small }\nexport const'],
    codegen,
    /^schemas\/airports\/index\.ts:\d+: TypeScript enum is not supported in strip-only mode\n/,
  ],
  [
    'an exception of a definition',
    ['bff-web/fields/airport-page.ts', 'builder.objectRef', 'builder.objetRef'],
    web,
    'bff-web/fields/airport-page.ts:10: TypeError: builder.objetRef is not a function\n',
  ],
  [
    'an exception of a type',
    ['schemas/airports/airport.ts', 't.exposeString', 't.exposeStrng'],
    codegen,
    'schemas/airports/airport.ts:15: TypeError: t.exposeStrng is not a function\n',
  ],
  ['a field that needs itself', needsItself, mobile, needsItselfTold],
  ['the same in codegen', needsItself, codegen, needsItselfTold],
  [
    'a misspelt need',
    ['bff-mobile/fields/flight.ts', '{ delayMinutes', '{ delayMinuts'],
    mobile,
    /^bff-mobile\/fields\/flight\.ts:5: Flight\.statusText needs \{ delayMinuts .*\n.*Did you mean "delayMinutes"\?\n/,
  ],
  [
    'a misspelt proto file',
    ['schemas/flights/backend.ts', './flights.proto', './flihgts.proto'],
    web,
    /^schemas\/flights\/backend\.ts:\d+: backend "flights": proto names the file "schemas\/flights\/flihgts\.proto", which is not there; did you mean "flights\.proto"\?\n$/,
  ],
  [
    'a misspelt gRPC service',
    ['schemas/flights/backend.ts', 'flights.v1.Flights', 'flights.v1.Flihgts'],
    web,
    /^schemas\/flights\/backend\.ts:\d+: backend "flights": schemas\/flights\/flights\.proto has no service "flights\.v1\.Flihgts"; did you mean "flights\.v1\.Flights"\?\n$/,
  ],
  [
    'a misspelt folder of operations',
    ['bff-web/bff.ts', "'./operations'", "'./operatons'"],
    web,
    'bff-web/bff.ts:8: the "web" bff: operations names the folder "bff-web/operatons", which is not there. Did you mean "operations"?\n',
  ],
  [
    'what npm start prints of it',
    missingFile,
    ['sandbox/start.ts', '--only', 'web'],
    `web ended (exit code 1) before it answered\n  ${missingFileTold}`,
  ],
  [
    'what npm start prints of a mistake in the main module itself',
    ['bff-web/main.ts', 'serveBff, ', 'serveBf, '],
    ['sandbox/start.ts', '--only', 'web'],
    /^web ended \(exit code 1\) before it answered\n {2}file:.*\/bff-web\/main\.ts:1\n.*\n.*\n {2}SyntaxError: .* named 'serveBf'\n$/,
  ],
];

describe('a mistake in the example', () => {
  // The first to run compiles what all of them import; five at once would each do so.
  beforeAll(async () => {
    await promisify(execFile)(process.execPath, [...web, '--help'], { cwd: repository });
  });

  test.concurrent.each(cases)('%s', async (_what, mistake, command, expected) => {
    const text = await told(mistake, command);
    if (typeof expected === 'string') expect(text).toBe(expected);
    else expect(text).toMatch(expected);
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(6);
    expect(text).not.toMatch(/^\s+at /m);
  });
});
