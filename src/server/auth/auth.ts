import { GraphQLError } from 'graphql';
import type { SettingUse } from '../../backend/settings.ts';
import { BackendError } from '../../error.ts';
import type { Viewer } from '../../request.ts';
import type { Origins } from '../admission/origins.ts';
import type { HttpRefusal } from '../http-refusal.ts';
import type { IncomingRequest } from '../incoming-request.ts';
import type { Logger } from '../log.ts';
import type { Environment } from '../mask.ts';

/** How a bff learns who asks, as its front door describes it. Inert: a server makes it live. */
export interface AuthDefinition {
  /** Whether browsers' pages ask, so that those of other origins can be listed. @default true */
  readonly forPages?: boolean;
  /** Variables that it reads, resolved together with all others. */
  settings(environment: Environment): Readonly<Record<string, SettingUse<unknown>>>;
  /** `values` are those of `settings`, by its names. */
  create(values: Readonly<Record<string, unknown>>, host: AuthHost): Auth;
}

export interface AuthHost {
  readonly environment: Environment;
  readonly logger: Logger;
  /** Pages of other origins that may ask: ALLOWED_ORIGINS. */
  readonly origins: ListedOrigins;
}

export type ListedOrigins = Pick<Origins, 'has'>;

/** Who asks, on every transport. Owned and closed by the server. */
export interface Auth {
  /** What a 401 asks for, as `WWW-Authenticate` has it. @default none */
  readonly challenge?: string;
  /** Where browsers reach this bff. @default null: wherever the request was sent */
  readonly origin?: string | null;
  /** Refuses a request that asks for an operation, whatever its credential is worth. */
  guard(request: IncomingRequest): HttpRefusal | null;
  /** Answers paths of its own, such as `/auth/login`; null for every other. */
  routes(request: Request): Promise<Response | null>;
  /**
   * Who asks over HTTP; null for nobody.
   *
   * Fails: GraphQLError UNAUTHENTICATED for a credential that does not hold; BackendError
   * UPSTREAM_UNAVAILABLE when it can't be checked now.
   */
  viewer(request: IncomingRequest): Promise<Viewer | null>;
  /** The same over a WebSocket: its upgrade request, and the payload of `connection_init`. */
  socketViewer(
    upgrade: Request,
    payload: Readonly<Record<string, unknown>> | undefined,
  ): Promise<Viewer | null>;
  /** Calls `ended` within a second of the end of the viewer's credential; the answer stops that. */
  watch(viewer: Viewer, ended: () => void): () => void;
  /**
   * A token of a backend's own audience, for the viewer or, for nobody, for the bff itself. Another
   * than `refused`, unless that is only seconds old.
   */
  tokenFor(viewer: Viewer | null, audience: string, refused?: string): string | Promise<string>;
  close(): Promise<void>;
}

/** The refusal of a credential; says no more than the client can use. */
export function unauthenticated(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'UNAUTHENTICATED' } });
}

/** The refusal of a request that its credential could make without its owner's will. */
export function forbidden(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'FORBIDDEN' } });
}

/** Something that identity rests on does not answer: `identity`, `sessions`. */
export function unavailable(backend: string, message: string, cause: unknown): BackendError {
  return new BackendError({
    code: 'UPSTREAM_UNAVAILABLE',
    backend,
    message: `${message}: ${cause instanceof Error ? cause.message : String(cause)}`,
    retryable: true,
    cause,
  });
}
