import type { LiveBackend } from '../backend/backend.ts';
import type { EventsHost, LiveEvents } from '../events/live-events.ts';
import type { SharedStore } from '../load/shared-store.ts';
import type { Viewer } from '../request.ts';
import type { TraceExport } from '../telemetry/telemetry.ts';
import type { LoadShedding } from './admission/load-shedding.ts';
import type { SharedCounts } from './admission/shared-buckets.ts';
import type { Auth } from './auth/auth.ts';
import type { IncomingRequest } from './incoming-request.ts';
import type { Logger } from './log.ts';
import type { Environment } from './mask.ts';

export interface ServerOptions {
  /** Running backends by name. The server owns them: `close()` closes them. */
  readonly backends: ReadonlyMap<string, LiveBackend>;
  /** What caches share with other instances; closed with the server. @default nothing is shared */
  readonly store?: SharedStore | undefined;
  /** Runs topics, jobs and webhooks; closed with the server. @default none run */
  readonly events?: (host: EventsHost) => LiveEvents;
  /** Whether it does jobs once it listens: beside answering, or `only` that, with no public port. @default true */
  readonly worker?: boolean | 'only';
  /** Who asks over HTTP, in place of `auth`. @default nobody */
  readonly viewer?: (request: IncomingRequest) => Viewer | null | Promise<Viewer | null>;
  /** How it is known who asks; closed with the server. @default nobody is known */
  readonly auth?: Auth;
  /** Port of the public door; 0 lets the system choose. @default 0 */
  readonly port?: number;
  /** Address of the public door. @default loopback in development, every address in production */
  readonly host?: string;
  /** Port of `/livez` and `/readyz`; 0 lets the system choose. @default 0 */
  readonly adminPort?: number;
  /** @default '127.0.0.1' */
  readonly adminHost?: string;
  /** What staff send to the admin port to see and change things, and to explore the graph in production. @default nothing in development; in production nobody may */
  readonly adminToken?: string | null;
  /** @default NODE_ENV: 'production' when it says so, 'development' otherwise */
  readonly environment?: Environment;
  /** Whether operations may ask for the schema. @default true in development, false in production */
  readonly introspection?: boolean;
  /** Whether only registered operations run. @default true in production, false in development */
  readonly persistedOnly?: boolean;
  /** Whether viewers and addresses have budgets. @default true in production, false in development */
  readonly rateLimit?: boolean;
  /** What instances share of those budgets; closed with the server. @default each has its own */
  readonly counts?: SharedCounts | undefined;
  /** Proxies in front whose `X-Forwarded-For` is believed. @default 0 */
  readonly trustedHops?: number;
  /** Other origins whose pages may ask, with credentials. @default none */
  readonly origins?: readonly string[];
  /** How much is taken on under load. @default by the event loop's delay in production, anything in development */
  readonly load?: LoadShedding;
  /** @default standard output, from level 'info' */
  readonly logger?: Logger;
  readonly drain?: DrainOptions;
  /** Where traces go when the process has no OpenTelemetry SDK. @default nowhere */
  readonly traces?: TraceExport;
}

export interface DrainOptions {
  /** How long requests are still taken once readiness fails. @default 5000 in production, 0 in development */
  readonly acceptMs?: number;
  /** How long requests in flight may take after that. @default 25000 */
  readonly finishMs?: number;
}

export interface RunningServer {
  /** Answers one request without a socket. */
  fetch(request: Request): Promise<Response>;
  /** Opens both ports; `url` is empty where there is no public one. Fails: Error that names the port and the remedy. */
  listen(): Promise<{ readonly url: string; readonly adminUrl: string }>;
  /** Drains and closes: ports, sockets, backends. Calling it again waits for the same end. */
  close(): Promise<void>;
}

/** `production` when NODE_ENV says so. */
export function environmentOf(nodeEnv: string | undefined): Environment {
  return nodeEnv === 'production' ? 'production' : 'development';
}
