import type { OperationTypeNode } from 'graphql';
import type { LiveBackend } from '../backend/backend.ts';
import type { LiveEvents } from '../events/live-events.ts';
import type { EventPosition } from '../events/topics/event-position.ts';
import type { ClientIdentity, RequestContext, Viewer } from '../request.ts';
import type { Auth } from './auth/auth.ts';
import type { ForwardedHeaders } from './forwarded-headers.ts';
import type { Limits } from '../limits.ts';

export interface ContextOptions {
  readonly type: OperationTypeNode;
  readonly requestId: string;
  readonly viewer: Viewer | null;
  readonly client: ClientIdentity;
  /** What backends are told of the request's headers. @default nothing */
  readonly headers?: ForwardedHeaders;
  /** Takes each call into the operation's trace. @default what came is forwarded */
  readonly traceCall?: RequestContext['traceCall'];
  readonly backends: ReadonlyMap<string, LiveBackend>;
  readonly limits: Limits;
  /** @default none run */
  readonly events?: LiveEvents | undefined;
  /** Of a subscription: where it is in its topics. @default nobody asks */
  readonly position?: EventPosition | undefined;
  /** Aborted when the client leaves. */
  readonly clientSignal: AbortSignal;
  /** Ends a subscription with its viewer's credential, and has tokens for backends. @default none */
  readonly auth?: Pick<Auth, 'watch' | 'tokenFor'> | undefined;
}

/** A context and the end of its life. */
export interface OperationContext {
  readonly context: RequestContext;
  /** Aborts when nobody waits for the answer any more; never for a mutation. */
  readonly left: AbortSignal;
  /** A context for one event of this subscription: its own memo, calls and deadline. */
  readonly eventContext: () => RequestContext;
  /** Stops the clock; call it when the operation is over. */
  readonly release: () => void;
}

/**
 * The context of one operation. A query's signal aborts when the client leaves or its deadline
 * passes; a mutation's at its deadline only, since what was sent has effects that the client should
 * not half-undo by leaving; a subscription's when the client leaves, and it has no deadline.
 */
export function createOperationContext(options: ContextOptions): OperationContext {
  const { type, requestId, viewer, client, headers = {}, traceCall, backends, limits } = options;
  const { clientSignal, auth, events, position } = options;
  const controller = new AbortController();
  const left = new AbortController();
  const leave = () => {
    left.abort(clientSignal.reason);
    controller.abort(clientSignal.reason);
  };
  if (type !== 'mutation') {
    if (clientSignal.aborted) leave();
    else clientSignal.addEventListener('abort', leave, { once: true });
  }
  const unwatch = type === 'subscription' && viewer ? auth?.watch(viewer, leave) : undefined;
  const deadlineMs = deadlineOf(type, limits);
  const timer =
    deadlineMs === Number.POSITIVE_INFINITY
      ? undefined
      : setTimeout(
          () => controller.abort(new DOMException('the deadline passed', 'TimeoutError')),
          deadlineMs,
        );
  const contextUntil = (deadline: number): RequestContext => ({
    requestId,
    viewer,
    client,
    signal: controller.signal,
    deadline,
    backends,
    memo: new Map(),
    calls: [],
    loads: [],
    headers,
    ...(traceCall && { traceCall }),
    ...(events && { events }),
    ...(position && { position }),
    ...(auth && {
      tokenFor: (audience: string, refused?: string) => auth.tokenFor(viewer, audience, refused),
    }),
  });
  return {
    context: contextUntil(performance.now() + deadlineMs),
    left: left.signal,
    eventContext: () => contextUntil(performance.now() + limits.queryDeadlineMs),
    release: () => {
      clearTimeout(timer);
      unwatch?.();
      // What reads topics for this subscription ends, also when it was never asked for an event.
      if (type === 'subscription') controller.abort();
      clientSignal.removeEventListener('abort', leave);
    },
  };
}

function deadlineOf(type: OperationTypeNode, limits: Limits): number {
  if (type === 'subscription') return Number.POSITIVE_INFINITY;
  return type === 'mutation' ? limits.mutationDeadlineMs : limits.queryDeadlineMs;
}
