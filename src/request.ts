import { GraphQLError } from 'graphql';
import type { Backend, BackendCallRecord, LiveBackend } from './backend/backend.ts';
import type { LiveEvents } from './events/live-events.ts';
import type { EventPosition } from './events/topics/event-position.ts';

/** Who asks. All of it together keys what is kept for a viewer. */
export interface Viewer {
  readonly subject: string;
  readonly scopes: readonly string[];
  /** What they are in their organisation, such as `staff`: the `roles` of RFC 9068. @default none */
  readonly roles?: readonly string[];
}

/** Which app asks, from the `graphql-client-name` and `graphql-client-version` headers. */
export interface ClientIdentity {
  readonly name: string | null;
  readonly version: string | null;
}

/** One operation's context: made by the server, handed to every resolver, load and backend call. */
export interface RequestContext {
  readonly requestId: string;
  readonly viewer: Viewer | null;
  readonly client: ClientIdentity;
  /** The client's address, as its rate limit counts it. @default it came over no socket */
  readonly address?: string | null | undefined;
  /** Aborted when the client leaves or the deadline passes. */
  readonly signal: AbortSignal;
  /** When the operation has to be answered, on the clock of `performance.now()`, in milliseconds. */
  readonly deadline: number;
  /** The running instance of each defined backend, by the backend's name. */
  readonly backends: ReadonlyMap<string, LiveBackend>;
  /** What loads remember for this operation; keyed by the definition that owns the entry. */
  readonly memo: Map<object, unknown>;
  /** Each backend call of this operation, in the order they were made. */
  readonly calls: BackendCallRecord[];
  /** Headers that backends may be told of, names in lower case; see `forwardedHeaders`. @default none */
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  /** What each batch of this operation found where. @default not recorded */
  readonly loads?: LoadRecord[] | undefined;
  /** Takes a call into the operation's trace; returns the `traceparent` it carries. @default what came is forwarded */
  readonly traceCall?: ((record: BackendCallRecord) => string) | undefined;
  /**
   * An access token of a backend's own audience, on the viewer's behalf or, for nobody, our own.
   * Absent where no identity is set up. `refused` is one that the backend did not take. Fails:
   * BackendError of `identity`.
   */
  readonly tokenFor?:
    | ((audience: string, refused?: string) => string | Promise<string>)
    | undefined;
  /** Topics, jobs and webhooks as they run; a definition finds its running self here. @default none run */
  readonly events?: LiveEvents | undefined;
  /** Where a subscription is in the topics that it reads. @default nobody asks */
  readonly position?: EventPosition | undefined;
}

/** Where one batch of one operation found its values: counts of keys. For metrics and the waterfall. */
export interface LoadRecord {
  readonly batch: { readonly name: string; readonly backend: { readonly name: string } };
  /** All that resolvers asked for; less the others, what the operation had asked for before. */
  keys: number;
  /** In this process's cache, within their lifetime. */
  fresh: number;
  /** In this process's cache and past it: answered, and asked for again behind the answer. */
  stale: number;
  /** In the store that instances share. */
  stored: number;
  /** On their way already, for another operation. */
  joined: number;
  /** Asked of the backend. */
  asked: number;
  /** Kept values in place of a failure. */
  insteadOfError: number;
}

/** The running instance of `backend` for this operation. */
export function liveBackend(context: RequestContext, backend: Pick<Backend, 'name'>): LiveBackend {
  const live = context.backends.get(backend.name);
  if (live) return live;
  throw new Error(
    `backend "${backend.name}" is not running here: add its subschema to the bff, or pass it to createServer({ backends })`,
  );
}

/** The viewer, or UNAUTHENTICATED. */
export function requireViewer(context: RequestContext): Viewer {
  if (context.viewer) return context.viewer;
  throw new GraphQLError('Log in first.', { extensions: { code: 'UNAUTHENTICATED' } });
}
