import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Contestant, Scenario } from './contestant.ts';
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
}

export interface Stage {
  readonly upstream: Running;
  /** Calls that upstream has had since it started. */
  calls(): Promise<number>;
  /** Starts a contestant and checks its answer. Says why, when it is out. */
  admit(contestant: Contestant): Promise<Entry | string>;
  /** Ends the upstream and whoever was admitted. */
  close(): Promise<void>;
}

/** The upstream of a scenario, ready, and what its contestants are told. */
export async function openStage({ work, mode, latencyMs }: Scenario): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'tailorbird-bench-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  const ports = { http: await freePort(), grpc: await freePort() };
  const upstream = start(work.upstream(ports, latencyMs), loadCore);
  const servers = new Set<Running>();
  const url = `http://127.0.0.1:${ports.http}`;
  let { expected } = work;
  const stage: Stage = { upstream, calls, admit, close };
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
    const problem = await answerProblem(server, site.port);
    if (problem === undefined) return { contestant, server, port: site.port };
    await server.stop();
    return problem;
  }

  async function answerProblem(server: Running, port: number): Promise<string | undefined> {
    try {
      const answer = await until(
        () => ask(port, work.query),
        30_000,
        () => server.exitCode() === null,
      );
      if (answer.errors === undefined) expected ??= answer.data;
      if (answer.errors === undefined && isDeepStrictEqual(answer.data, expected)) return undefined;
      return `disqualified: wrong answer ${JSON.stringify(answer).slice(0, 300)}`;
    } catch (error) {
      return `does not answer (${String(error)}): ${shortOutput(server.output())}`;
    }
  }

  async function close(): Promise<void> {
    await Promise.all([...servers, upstream].map((running) => running.stop()));
    removeFolder();
    process.off('exit', removeFolder);
  }
}

async function ask(port: number, query: string): Promise<{ data?: unknown; errors?: unknown }> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query }),
    signal: AbortSignal.timeout(10_000),
  });
  return (await response.json()) as { data?: unknown; errors?: unknown };
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
