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
  /** @default it came over no socket */
  readonly address?: string | null;
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
  /** Hears that the context's signal aborts; one listener, and it may be too late for it. */
  onEnd: (() => void) | null;
  /** A context for one event of this subscription: its own memo, calls and deadline; until nobody wants its answer. */
  eventContext(signal: AbortSignal): RequestContext;
  /** Stops the clock; call it when the operation is over. */
  release(): void;
}

/**
 * The context of one operation. A query's signal aborts when the client leaves or its deadline
 * passes; a mutation's at its deadline only, since what was sent has effects that the client should
 * not half-undo by leaving; a subscription's when the client leaves, and it has no deadline.
 */
export function createOperationContext(options: ContextOptions): OperationContext {
  return new LiveOperation(options);
}

/** What no client's leaving aborts. */
const nobodyLeaves = new AbortController().signal;

class LiveOperation implements OperationContext {
  readonly context: RequestContext;
  readonly left: AbortSignal;
  onEnd: (() => void) | null = null;
  readonly #options: ContextOptions;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #unwatch: (() => void) | undefined;
  readonly #leave: (() => void) | undefined;

  constructor(options: ContextOptions) {
    const { type, viewer, limits, clientSignal, auth } = options;
    this.#options = options;
    const deadlineMs = deadlineOf(type, limits);
    this.context = this.#contextUntil(performance.now() + deadlineMs);
    if (type === 'mutation') this.left = nobodyLeaves;
    else {
      const leave = () => this.#end(clientSignal.reason);
      if (clientSignal.aborted) leave();
      else clientSignal.addEventListener('abort', leave, { once: true });
      this.#leave = leave;
      this.left = type === 'subscription' ? this.context.signal : clientSignal;
      if (type === 'subscription' && viewer) this.#unwatch = auth?.watch(viewer, leave);
    }
    if (deadlineMs !== Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(
        () => this.#end(new DOMException('the deadline passed', 'TimeoutError')),
        deadlineMs,
      );
    }
  }

  eventContext(signal: AbortSignal): RequestContext {
    return this.#contextUntil(performance.now() + this.#options.limits.queryDeadlineMs, signal);
  }

  release(): void {
    clearTimeout(this.#timer);
    this.#unwatch?.();
    // What reads topics for this subscription ends, also when it was never asked for an event.
    if (this.#options.type === 'subscription') this.#controller.abort();
    if (this.#leave) this.#options.clientSignal.removeEventListener('abort', this.#leave);
  }

  #end(reason: unknown): void {
    this.#controller.abort(reason);
    this.onEnd?.();
  }

  #contextUntil(deadline: number, signal = this.#controller.signal): RequestContext {
    const {
      requestId,
      viewer,
      client,
      address,
      traceCall,
      backends,
      headers = {},
      auth,
    } = this.#options;
    const { events, position } = this.#options;
    return {
      requestId,
      viewer,
      client,
      address,
      signal,
      deadline,
      backends,
      memo: new Map(),
      calls: [],
      loads: [],
      headers,
      traceCall,
      tokenFor: auth && ((audience, refused) => auth.tokenFor(viewer, audience, refused)),
      events,
      position,
    };
  }
}

function deadlineOf(type: OperationTypeNode, limits: Limits): number {
  if (type === 'subscription') return Number.POSITIVE_INFINITY;
  return type === 'mutation' ? limits.mutationDeadlineMs : limits.queryDeadlineMs;
}
