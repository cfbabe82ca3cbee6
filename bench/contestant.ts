import type { Command } from './processes.ts';

/** Where one contestant runs in one scenario. */
export interface Site {
  readonly port: number;
  /** The upstream over HTTP, without a trailing slash. */
  readonly upstream: string;
  /** The upstream over gRPC, where the work has one. */
  readonly grpcUpstream: string;
  /** Whether answers, or what they are made of, may be kept between requests. */
  readonly cached: boolean;
  /** A file with the bytes of the right answer. */
  readonly answerFile: string;
  /** Further variables for the server, on top of those above. */
  readonly env?: Readonly<Record<string, string>>;
  /** A folder for files made for this run. */
  readonly folder: string;
}

/** A server that takes part. */
export interface Contestant {
  readonly name: string;
  readonly kind: 'ours' | 'floor' | 'peer';
  /** `uncached` asks upstream each time, `cached` may keep answers; some do either. */
  readonly modes: readonly Mode[];
  /** For one that is machine code from the start and not compiled as it runs. @default the plan's */
  readonly firstWarmUpMs?: number;
  /** Why it cannot run here, with the remedy; undefined when it can. */
  missing(): string | undefined;
  /** Makes what it needs and says how to start it. */
  command(site: Site): Command | Promise<Command>;
}

/** The same contestant with further variables. */
export function withEnv(contestant: Contestant, env: Readonly<Record<string, string>>): Contestant {
  return { ...contestant, command: (site) => contestant.command({ ...site, env }) };
}

export interface UpstreamPorts {
  readonly http: number;
  readonly grpc: number;
}

/** A query, its right answer, who competes and what they fetch from. */
export interface Work {
  readonly name: string;
  readonly title: string;
  readonly query: string;
  /** The `data` every contestant has to answer. @default what the first one, a floor, answers */
  readonly expected?: unknown;
  /** Instead of `expected`, where upstream does not say the same twice. */
  readonly isRight?: (data: unknown) => boolean;
  readonly upstream: (ports: UpstreamPorts) => Command;
  /** @default 64 */
  readonly connections?: number;
  readonly contestants: readonly Contestant[];
}

export type Mode = 'uncached' | 'cached';

/** One table of the results. */
export interface Scenario {
  readonly id: string;
  readonly work: Work;
  readonly mode: Mode;
  readonly latencyMs: number;
  /** Part of `--quick`. */
  readonly quick: boolean;
}

/** A work in one mode: its servers are started and warmed up once, for all of its scenarios. */
export interface StagePlan {
  readonly work: Work;
  readonly mode: Mode;
  /** Who takes part in any of them. */
  readonly contestants: readonly Contestant[];
  readonly tables: readonly TablePlan[];
}

export interface TablePlan {
  readonly scenario: Scenario;
  readonly contestants: readonly Contestant[];
}
