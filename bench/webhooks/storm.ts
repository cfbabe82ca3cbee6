import { fork } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Told } from './receiving.ts';
import { type SentWebhook, webhooksToSend } from './sent-webhooks.ts';

export interface StormOptions {
  /** Webhooks in all. */
  readonly count: number;
  /** Webhooks of 25 MB, of each of three kinds. */
  readonly large: number;
  /** Webhooks a second. */
  readonly rate: number;
}

/** What came of a storm of webhooks. */
export interface StormResult {
  readonly sent: Readonly<Record<string, number>>;
  /** Webhooks that were not answered as they have to be, at most ten of them described. */
  readonly wrongAnswers: readonly string[];
  /** Events of webhooks that may not be heard. */
  readonly forgeriesHeard: number;
  /** Genuine webhooks that were acknowledged and not heard. */
  readonly lost: number;
  /** Genuine webhooks that were heard more than once. */
  readonly heardTwice: number;
  /** Of small genuine webhooks, from the first byte sent to the answer, in milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly rssMiB: number;
}

/** Sends webhooks at a steady pace to a server in a process of its own, and counts what it heard. */
export async function runStorm({ count, large, rate }: StormOptions): Promise<StormResult> {
  const right = `whsec_${randomBytes(32).toString('base64')}`;
  const wrong = `whsec_${randomBytes(32).toString('base64')}`;
  const dataDir = mkdtempSync(join(tmpdir(), 'webhooks-'));
  const child = fork(new URL('./receiving.ts', import.meta.url), [randomUUID(), dataDir], {
    env: { ...process.env, S: `${right},whsec_${randomBytes(32).toString('base64')}` },
  });
  const heard = new Map<number, number>();
  let rssBytes = 0;
  const ready = Promise.withResolvers<string>();
  child.on('message', (told: Told) => {
    if (told.kind === 'ready') ready.resolve(told.url);
    else if (told.kind === 'memory') rssBytes = told.rssBytes;
    else for (const number of told.numbers) heard.set(number, (heard.get(number) ?? 0) + 1);
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.once('exit', (code) => ready.reject(new Error(`the server ended with ${code}`)));
  try {
    const url = await ready.promise;
    const agent = new Agent({ keepAlive: true });
    const sent: Record<string, number> = {};
    const wrongAnswers: string[] = [];
    const latencies: number[] = [];
    const genuine = new Set<number>();
    const forbidden = new Set<number>();
    const webhooks = webhooksToSend(count, large, { right, wrong });
    const startedAt = performance.now();
    const answers = webhooks.map(async (make, index) => {
      await pause(startedAt + (index / rate) * 1_000 - performance.now());
      const webhook = make();
      const { kind, expected, number } = webhook;
      sent[kind] = (sent[kind] ?? 0) + 1;
      if (expected.includes(204)) genuine.add(number);
      else forbidden.add(number);
      const answer = await send(url, webhook, agent);
      if (kind === 'genuine') latencies.push(answer.ms);
      if (expected.includes(answer.status) || wrongAnswers.length >= 10) return;
      wrongAnswers.push(
        `${kind} at ${webhook.source}: ${answer.status} in place of ${expected.join()}`,
      );
    });
    await Promise.all(answers);
    await heardAll(genuine, heard);
    agent.destroy();
    child.kill('SIGTERM');
    await exited;
    latencies.sort((a, b) => a - b);
    return {
      sent,
      wrongAnswers,
      forgeriesHeard: [...heard.keys()].filter((number) => forbidden.has(number)).length,
      lost: [...genuine].filter((number) => !heard.has(number)).length,
      heardTwice: [...heard.values()].filter((times) => times > 1).length,
      p50Ms: latencies[Math.floor(latencies.length * 0.5)] ?? Number.NaN,
      p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
      maxMs: latencies.at(-1) ?? Number.NaN,
      rssMiB: rssBytes / 1_048_576,
    };
  } finally {
    child.kill('SIGKILL');
    await exited;
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** What a storm has broken; empty when all held. The pace of answers is judged apart. */
export function brokenIn(result: StormResult): readonly string[] {
  return [
    ...result.wrongAnswers,
    ...(result.forgeriesHeard > 0 ? [`${result.forgeriesHeard} forgeries were accepted`] : []),
    ...(result.lost > 0 ? [`${result.lost} genuine webhooks were lost`] : []),
    ...(result.heardTwice > 0 ? [`${result.heardTwice} webhooks had two effects`] : []),
  ];
}

function send(
  url: string,
  { source, headers, body }: SentWebhook,
  agent: Agent,
): Promise<{ readonly status: number; readonly ms: number }> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const done = (status: number) => resolve({ status, ms: performance.now() - startedAt });
    const sending = request(`${url}/webhooks/${source}`, {
      method: 'POST',
      agent,
      headers: { ...headers, 'content-type': 'application/json', 'content-length': body.length },
    });
    let status = 0;
    sending.on('response', (response) => {
      status = response.statusCode ?? 0;
      response.resume();
      response.once('end', () => done(status));
    });
    // An answer that came before the connection broke counts.
    sending.on('error', () => done(status));
    sending.end(body);
  });
}

/** Waits for events that are still on their way, up to ten seconds. */
async function heardAll(genuine: ReadonlySet<number>, heard: ReadonlyMap<number, number>) {
  const until = performance.now() + 10_000;
  while (performance.now() < until) {
    if ([...genuine].every((number) => heard.has(number))) break;
    await pause(50);
  }
  // What is heard twice may come a moment after the first.
  await pause(300);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
