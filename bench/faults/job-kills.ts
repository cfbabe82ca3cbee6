import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface JobKills {
  readonly mutations: number;
  /** How often the bff is killed with SIGKILL meanwhile. */
  readonly kills: number;
}

export interface JobKillsResult {
  readonly acknowledged: number;
  readonly kills: number;
  /** Requests that the bff's death left without an answer; they were sent again. */
  readonly unanswered: number;
  /** Acknowledged, and without an effect in the end. */
  readonly lost: number;
  /** Idempotency keys that got two jobs, or two effects. */
  readonly doubled: number;
  /** Calls that the backend recognised by their idempotency key. */
  readonly repeatedCalls: number;
  readonly seconds: number;
}

const senders = 32;

/**
 * Queues mutations at a bff on the embedded queue, kills and starts it again all the while, and
 * counts what came of them at a backend that honours idempotency keys, as real ones have to.
 */
export async function runJobKills({ mutations, kills }: JobKills): Promise<JobKillsResult> {
  const startedAt = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'job-kills-'));
  const backend = await startEffects();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/graphql`;
  let bff = await startBff(port, folder, backend.url);
  const jobOfKey = new Map<string, string>();
  let unanswered = 0;
  let doubled = 0;
  let next = 0;
  let killed = 0;

  const sendAll = async () => {
    while (next < mutations) {
      const key = `key-${next++}`;
      while (!jobOfKey.has(key)) {
        const id = await order(url, key);
        if (id !== null) jobOfKey.set(key, id);
        else {
          unanswered += 1;
          await delay(100);
        }
      }
      // Every tenth is sent once more, as an app does that heard no answer.
      if (Number(key.slice(4)) % 10 === 0) {
        const again = await order(url, key);
        if (again !== null && again !== jobOfKey.get(key)) doubled += 1;
      }
    }
  };
  const killAll = async () => {
    for (; killed < kills; killed += 1) {
      const at = (mutations * (killed + 0.5)) / kills;
      while (jobOfKey.size < at) await delay(5);
      await kill(bff);
      bff = await startBff(port, folder, backend.url);
    }
  };

  try {
    await Promise.all([killAll(), ...Array.from({ length: senders }, sendAll)]);
    const unfinished = () => [...jobOfKey.keys()].filter((key) => !backend.effects.has(key));
    const giveUpAt = performance.now() + 90_000;
    while (unfinished().length > 0 && performance.now() < giveUpAt) await delay(100);
    return {
      acknowledged: jobOfKey.size,
      kills: killed,
      unanswered,
      lost: unfinished().length,
      doubled: doubled + backend.doubled(),
      repeatedCalls: backend.repeated(),
      seconds: Math.round((performance.now() - startedAt) / 1_000),
    };
  } finally {
    await kill(bff);
    backend.server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The job's id; null when there was no answer. */
async function order(url: string, key: string): Promise<string | null> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query: 'mutation($key: String!) { order(item: $key, key: $key) { id } }',
        variables: { key },
      }),
    });
    const { data } = (await response.json()) as { data?: { order: { id: string } } | null };
    return data?.order.id ?? null;
  } catch {
    return null;
  }
}

/** A backend whose orders count once for each idempotency key. */
async function startEffects() {
  const effects = new Map<string, string>();
  const items = new Map<string, number>();
  let repeated = 0;
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const key = String(request.headers['idempotency-key']);
    const { item } = JSON.parse(body) as { item: string };
    if (effects.has(key)) repeated += 1;
    else {
      effects.set(key, item);
      items.set(item, (items.get(item) ?? 0) + 1);
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ordered: item }));
  });
  return {
    server,
    url: await listening(server),
    effects,
    repeated: () => repeated,
    doubled: () => [...items.values()].filter((times) => times > 1).length,
  };
}

async function startBff(port: number, folder: string, effectsUrl: string): Promise<ChildProcess> {
  const program = join(import.meta.dirname, 'job-bff.ts');
  const bff = fork(program, [String(port), folder, effectsUrl], {
    execPath: process.execPath,
    execArgv: [],
  });
  await new Promise((resolve, reject) => {
    bff.once('message', resolve);
    bff.once('exit', (code) => reject(new Error(`the bff ended with ${code} before it was ready`)));
  });
  return bff;
}

async function kill(bff: ChildProcess): Promise<void> {
  if (bff.exitCode !== null || bff.signalCode !== null) return;
  const gone = new Promise((resolve) => bff.once('exit', resolve));
  bff.kill('SIGKILL');
  await gone;
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const url = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return Number(new URL(url).port);
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
