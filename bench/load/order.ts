/** One slice of load on one server. */
export interface LoadOrder {
  readonly port: number;
  readonly path: string;
  readonly body: string;
  /** How long every answer has to be. */
  readonly answerBytes: number;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** The window grows, up to threefold, until it has as many answers. */
  readonly leastRequests: number;
  /** The window ends early with as many answers. @default never */
  readonly mostRequests?: number;
  /** The server, for its CPU time; and the upstream, for how busy the load's core is. */
  readonly serverPid: number;
  readonly serverCore: number;
  readonly upstreamPid: number;
}

export interface LoadResult {
  /** Answers within the measured window. */
  readonly requests: number;
  /** Answers including warm-up and draining. */
  readonly allRequests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly serverCpuMs: number;
  /** Share of the load's core that the load and the upstream took, 0–1. */
  readonly loadCoreBusy: number;
  /** Share of the server's core that neither the server nor an idle core had, 0–1. */
  readonly foreignShare: number;
  /** Answers that were not status 200, not as long as they have to be, or that never came. */
  readonly wrong: number;
  /** How the first of them began, or what became of its connection; '' when none was wrong. */
  readonly firstWrong: string;
}
