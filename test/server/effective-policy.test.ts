import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { defineBff, defineRestBackend, defineSubschema, createSubschemaBuilder } from 'tailorbird';
import { describe, expect, test } from 'vitest';
import { web } from '../../bff-web/bff.ts';
import {
  effectivePolicyOf,
  policyText,
  type PolicySwitches,
  switchedOffIn,
} from '../../src/server/effective-policy.ts';

const everything: PolicySwitches = {
  persistedOnly: true,
  rateLimit: true,
  shared: true,
  trustedProxies: 1,
  allowedOrigins: ['https://app.example.com'],
  staff: true,
};

const builder = createSubschemaBuilder();
builder.queryField('hello', (t) => t.string({ resolve: () => 'hello' }));
const hall = defineBff({
  name: 'hall',
  limits: { depth: 4, bodyLimitBytes: 2 * 1024 * 1024 },
  clients: { ios: { minimum: '2.3.0' } },
  subschemas: [
    defineSubschema({
      backend: defineRestBackend({
        name: 'seats',
        endpoints: 'http://127.0.0.1:1',
        policy: {
          timeoutMs: 300,
          breaker: { failureShare: 0.25 },
          hedging: {},
          healthCheck: { path: '/health' },
          operations: { 'GET /slow': { timeoutMs: 2_500, hedging: false } },
        },
      }),
      builder,
    }),
  ],
});

describe('the policy that holds', () => {
  const text = policyText(effectivePolicyOf(hall, 'production', everything));
  const line = (name: string) => new RegExp(`^ {2}${name} {2,}(.+)$`, 'm').exec(text)?.[1];

  test('says which column it is of, and what the environment decides', () => {
    expect(text).toMatch(/^hall, production\n/);
    expect(line('operations')).toBe('registered ones only');
    expect(line('introspection')).toBe('off on the public port');
    expect(line('pages of other origins')).toBe('https://app.example.com');
    expect(line('oldest versions of apps')).toBe('ios 2.3.0');
  });

  test('has the bff’s limits and each backend’s policy, with their units', () => {
    expect(line('depth')).toBe('4');
    expect(line('body limit')).toBe('2 MiB');
    expect(line('query deadline')).toBe('5 s');
    expect(text).toContain('\nbackend seats, rest\n');
    expect(line('timeout')).toBe('300 ms');
    expect(line('breaker')).toMatch(/^failure 25%, least calls 20, window 10 s/);
    expect(line('retry budget')).toBe('share 10%, 3 a second, window 10 s');
    expect(line('GET /slow')).toBe('timeout 2.5 s, hedging off');
  });

  test('says what is switched off, and nothing when nothing is', () => {
    const off = (switches: Partial<PolicySwitches>, environment: 'production' | 'development') =>
      switchedOffIn(effectivePolicyOf(hall, environment, { ...everything, ...switches }));
    expect(off({}, 'production')).toEqual([]);
    expect(text).not.toContain('switched off');
    expect(off({ persistedOnly: false }, 'production')).toEqual([
      'registered operations only: whatever is asked runs',
    ]);
    expect(off({ rateLimit: false }, 'development').map((row) => row.split(':')[0])).toEqual([
      'hiding the schema',
      'rate limits',
      'load shedding',
    ]);
    expect(switchedOffIn(effectivePolicyOf(web, 'production', everything))).toContain(
      'airports: hedging',
    );
  });
});

describe('a front door', () => {
  const main = fileURLToPath(new URL('../../bff-web/main.ts', import.meta.url));
  const run = (argument: string, env: Record<string, string> = {}) =>
    promisify(execFile)(process.execPath, [main, argument], {
      env: {
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        ...env,
      },
    });

  test('prints it and ends, before every setting is there', async () => {
    const { stdout, stderr } = await run('--policy', {
      NODE_ENV: 'production',
      RATE_LIMIT: 'off',
      ALLOWED_ORIGINS: 'https://app.example.com',
    });
    expect(stdout).toMatch(/^web, production\n/);
    expect(stdout).toMatch(/^ {2}rate limit {2,}off$/m);
    expect(stdout).toMatch(/^ {2}pages of other origins +https:\/\/app\.example\.com$/m);
    expect(stdout).toMatch(/^ {2}rate limits: nobody has a budget$/m);
    expect(stdout).toMatch(/^backend travellers, rest$/m);
    expect(stderr).toBe('');
  });

  test('prints it for programs, and no secret', async () => {
    const { stdout } = await run('--policy=json', {
      ADMIN_TOKEN: 'hidden'.repeat(6),
      REDIS_URL: 'redis://user:hidden@127.0.0.1:6379',
    });
    expect(stdout).not.toContain('hidden');
    expect(JSON.parse(stdout)).toMatchObject({
      bff: 'web',
      environment: 'development',
      shared: true,
      limits: { depth: 10 },
      backends: { flights: { kind: 'grpc', maxResponseBytes: 4 * 1024 * 1024 } },
    });
  });

  test('names what is malformed', async () => {
    await expect(run('--policy', { RATE_LIMIT: 'maybe' })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('RATE_LIMIT'),
    });
  });

  test('says in its help that it can', async () => {
    expect((await run('--help')).stdout).toContain('--policy');
  });

  test('logs it at level debug when it starts', async () => {
    const child = spawn(process.execPath, [main], {
      env: {
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        PORT: '0',
        ADMIN_PORT: '0',
        LOG_LEVEL: 'debug',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    while (!printed.includes('answers at')) printed += (await once(child.stdout, 'data'))[0];
    child.kill('SIGTERM');
    await once(child, 'exit');
    expect(printed).toMatch(/debug policy policy=\{"bff":"web","environment":"development"/);
  });
});
