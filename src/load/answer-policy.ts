import type { BackendCall, BackendCallRecord } from '../backend/backend.ts';
import type { RequestContext, Viewer } from '../request.ts';

/**
 * What may be kept of one operation's answer: the strictest scope and the shortest lifetime of all
 * that went into it. Loads report here; what nobody declared makes the answer private and uncached:
 * a resolver's own calls of backends, and whatever it reads of jobs, topics and webhooks.
 */
export class AnswerPolicy {
  /** Backends of which something in the answer is past its lifetime. */
  readonly staleBackends = new Set<string>();
  readonly #calls: readonly BackendCallRecord[];
  /** Those of them that a declared load made; the others came from resolvers directly. */
  readonly #declaredCalls = new Set<BackendCallRecord>();
  readonly #tags: (readonly string[])[] = [];
  #declared = false;
  #isPublic = true;
  #lifetimeMs = Number.POSITIVE_INFINITY;
  /** The operation as it is, once somebody looks who reads its viewer; until then nothing can be called public. */
  #watched: RequestContext | undefined;

  constructor(calls: readonly BackendCallRecord[]) {
    this.#calls = calls;
  }

  /** `public` only when everything in it was declared so, and nothing asked who the viewer is. */
  get scope(): 'public' | 'viewer' {
    return this.#declared && this.isForAll ? 'public' : 'viewer';
  }

  /**
   * Whether everybody would get the same at this moment: nothing asked who the viewer is, and what
   * was asked of backends was declared public. It may be that nothing was.
   */
  get isForAll(): boolean {
    return this.#isPublic && this.#watched !== undefined && this.#isAccounted();
  }

  /** How long the answer may be kept, from the start of its operation, in milliseconds; 0: not at all. */
  get lifetimeMs(): number {
    return this.#declared && this.#isAccounted() && Number.isFinite(this.#lifetimeMs)
      ? Math.max(0, this.#lifetimeMs)
      : 0;
  }

  /** The tags of everything in it, each once. */
  get tags(): readonly string[] {
    return [...new Set(this.#tags.flat())];
  }

  uses(scope: 'public' | 'viewer' | 'none'): void {
    this.#declared = true;
    if (scope !== 'public') this.#isPublic = false;
    if (scope === 'none') this.#lifetimeMs = 0;
  }

  /** A declared load made this call, however often it is sent: a refused token is replaced. */
  declares({ record }: Pick<BackendCall, 'record'>): void {
    if (record !== undefined) this.#declaredCalls.add(record);
  }

  keepFor(ms: number): void {
    if (ms < this.#lifetimeMs) this.#lifetimeMs = ms;
  }

  tagged(tags: readonly string[]): void {
    this.#tags.push(tags);
  }

  stale(backend: string): void {
    this.staleBackends.add(backend);
    this.#lifetimeMs = 0;
  }

  watch(context: RequestContext): void {
    this.#watched = context;
  }

  /** Whose value a load of scope `viewer` keeps; asking for it does not count as reading it. */
  viewerIn(context: RequestContext): Viewer | null {
    return this.unwatched(context).viewer;
  }

  /** The operation as its declared loads see it: what they do with the viewer is their scope's to say. */
  unwatched(context: RequestContext): RequestContext {
    return this.#watched ?? context;
  }

  readsViewer(): void {
    this.#isPublic = false;
  }

  #isAccounted(): boolean {
    return this.#calls.length === this.#declaredCalls.size;
  }
}

const policyKey = {};

/** What the operation's loads have reported so far. */
export function policyOf(context: RequestContext): AnswerPolicy {
  // Only this function writes under its own key.
  let policy = context.memo.get(policyKey) as AnswerPolicy | undefined;
  if (policy === undefined) {
    context.memo.set(policyKey, (policy = new AnswerPolicy(context.calls)));
  }
  return policy;
}

/**
 * The same context, in which a resolver that reads `viewer` makes the answer that viewer's, and one
 * that reads `events` makes it nothing to keep. Without it no answer counts as public, since nobody
 * can know what it depends on. Loads say their own scope.
 */
export function watchViewer(context: RequestContext): RequestContext {
  const policy = policyOf(context);
  policy.watch(context);
  return new WatchedContext(context, policy);
}

/** One shape for all operations: an accessor defined on each would make every later read a slow one. */
class WatchedContext implements RequestContext {
  readonly requestId: RequestContext['requestId'];
  readonly client: RequestContext['client'];
  readonly signal: RequestContext['signal'];
  readonly deadline: RequestContext['deadline'];
  readonly backends: RequestContext['backends'];
  readonly memo: RequestContext['memo'];
  readonly calls: RequestContext['calls'];
  readonly headers: RequestContext['headers'];
  readonly loads: RequestContext['loads'];
  readonly traceCall: RequestContext['traceCall'];
  readonly #policy: AnswerPolicy;
  readonly #viewer: Viewer | null;
  readonly #address: RequestContext['address'];
  readonly #tokenFor: RequestContext['tokenFor'];
  readonly #events: RequestContext['events'];
  readonly #position: RequestContext['position'];

  constructor(context: RequestContext, policy: AnswerPolicy) {
    this.requestId = context.requestId;
    this.client = context.client;
    this.signal = context.signal;
    this.deadline = context.deadline;
    this.backends = context.backends;
    this.memo = context.memo;
    this.calls = context.calls;
    this.headers = context.headers;
    this.loads = context.loads;
    this.traceCall = context.traceCall;
    this.#policy = policy;
    this.#viewer = context.viewer;
    this.#address = context.address;
    this.#tokenFor = context.tokenFor;
    this.#events = context.events;
    this.#position = context.position;
  }

  get viewer(): Viewer | null {
    this.#policy.readsViewer();
    return this.#viewer;
  }

  /** What depends on it is not everybody's. */
  get address(): RequestContext['address'] {
    this.#policy.readsViewer();
    return this.#address;
  }

  /** Their tokens get what is theirs. */
  get tokenFor(): RequestContext['tokenFor'] {
    this.#policy.readsViewer();
    return this.#tokenFor;
  }

  /** How jobs, topics and webhooks stand is true of this moment only. */
  get events(): RequestContext['events'] {
    this.#policy.uses('none');
    return this.#events;
  }

  /** Each subscription has its own. */
  get position(): RequestContext['position'] {
    this.#policy.readsViewer();
    return this.#position;
  }
}
