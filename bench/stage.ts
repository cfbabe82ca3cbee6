import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Contestant, StagePlan } from './contestant.ts';
import {
  freePort,
  loadCore,
  type Running,
  serverCore,
  shortOutput,
  sleep,
  start,
} from './processes.ts';

/** A server that has given the right answer once. */
export interface Entry {
  readonly contestant: Contestant;
  readonly server: Running;
  readonly port: number;
  /** How long its answer is. */
  readonly answerBytes: number;
}

export interface Stage {
  readonly upstream: Running;
  /** Calls that upstream has had since it started. */
  calls(): Promise<number>;
  /** How long upstream waits before it answers; at first not at all. */
  setLatency(ms: number): Promise<void>;
  /** Starts a contestant and checks its answer. Says why, when it is out. */
  admit(contestant: Contestant): Promise<Entry | string>;
  /** Ends the upstream and whoever was admitted. */
  close(): Promise<void>;
}

/** The upstream of a work, ready, and what its contestants are told. */
export async function openStage({ work, mode }: StagePlan): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'tailorbird-bench-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  const ports = { http: await freePort(), grpc: await freePort() };
  const upstream = start(work.upstream(ports), loadCore);
  const servers = new Set<Running>();
  const url = `http://127.0.0.1:${ports.http}`;
  let { expected } = work;
  const stage: Stage = { upstream, calls, setLatency, admit, close };
  try {
    await until(calls, 20_000, () => upstream.exitCode() === null);
    return stage;
  } catch (error) {
    await close();
    throw new Error(`the upstream of ${work.name} does not answer: ${upstream.output()}`, {
      cause: error,
    });
  }

  async function calls(): Promise<number> {
    return Number(await (await fetch(`${url}/__calls`)).text());
  }

  async function setLatency(ms: number): Promise<void> {
    const said = await (await fetch(`${url}/__latency?ms=${ms}`)).text();
    if (said !== String(ms)) throw new Error(`the upstream of ${work.name} keeps to ${said} ms`);
  }

  async function admit(contestant: Contestant): Promise<Entry | string> {
    const missing = contestant.missing();
    if (missing !== undefined) return `left out, ${missing}`;
    const answerFile = join(folder, 'answer.json');
    writeFileSync(answerFile, JSON.stringify({ data: expected ?? null }));
    const site = {
      port: await freePort(),
      upstream: url,
      grpcUpstream: `http://127.0.0.1:${ports.grpc}`,
      cached: mode === 'cached',
      answerFile,
      folder,
    };
    const server = start(await contestant.command(site), serverCore);
    servers.add(server);
    const answer = await firstAnswer(server, site.port);
    if (typeof answer !== 'string') return { contestant, server, port: site.port, ...answer };
    await server.stop();
    return answer;
  }

  /** How long the right answer is, or what is wrong. */
  async function firstAnswer(
    server: Running,
    port: number,
  ): Promise<Pick<Entry, 'answerBytes'> | string> {
    try {
      const text = await until(
        () => ask(port, work.query),
        30_000,
        () => server.exitCode() === null,
      );
      if (isRight(text)) return { answerBytes: Buffer.byteLength(text) };
      return `disqualified: wrong answer ${text.slice(0, 300)}`;
    } catch (error) {
      return `does not answer (${String(error)}): ${shortOutput(server.output())}`;
    }
  }

  function isRight(text: string): boolean {
    const { data, errors } = JSON.parse(text) as { data?: unknown; errors?: unknown };
    if (errors !== undefined) return false;
    if (work.isRight) return work.isRight(data);
    expected ??= data;
    return isDeepStrictEqual(data, expected);
  }

  async function close(): Promise<void> {
    await Promise.all([...servers, upstream].map((running) => running.stop()));
    removeFolder();
    process.off('exit', removeFolder);
  }
}

async function ask(port: number, query: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query }),
    signal: AbortSignal.timeout(10_000),
  });
  return response.text();
}

/** Asks until there is an answer; fails with the last error after `timeoutMs`, or once it is hopeless. */
async function until<T>(
  attempt: () => Promise<T>,
  timeoutMs: number,
  isHopeful: () => boolean,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline || !isHopeful()) throw error;
      await sleep(50);
    }
  }
}
