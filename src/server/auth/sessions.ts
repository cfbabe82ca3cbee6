import { LRUCache } from 'lru-cache';
import { refreshTokenGrant, tokenRevocation } from 'openid-client';
import { unavailable } from './auth.ts';
import type { IdentityProvider } from './identity-provider.ts';
import { rolesIn } from './roles.ts';
import { createSealer, digest, randomId } from './sealed.ts';
import type { SessionStore } from './session-store.ts';

/** What a login left with us; nothing of it reaches a browser but who it is and when it ends. */
export interface Session {
  readonly subject: string;
  /** As the provider calls them. */
  readonly name: string | null;
  readonly scopes: readonly string[];
  /** From the `roles` claim of the identity token. @default none */
  readonly roles?: readonly string[];
  readonly accessToken: string;
  /** When the access token is renewed: shortly before it expires. */
  readonly renewAtMs: number;
  readonly refreshToken: string | null;
  readonly startedAtMs: number;
}

export interface SessionsOptions {
  readonly store: SessionStore;
  readonly provider: IdentityProvider;
  readonly secret: string;
  /** A session nobody uses ends after this. @default 30 minutes */
  readonly idleMs?: number;
  /** Every session ends after this. @default 12 hours */
  readonly absoluteMs?: number;
  /** @default Date.now */
  readonly now?: () => number;
}

export interface Sessions {
  /** Keeps a new session and gives the id that its cookie carries. */
  start(session: Session): Promise<string>;
  /**
   * The session of an id, its access token renewed when it has run out; null when it is over, or the
   * provider takes its refresh token no more. Being asked for keeps it alive.
   *
   * Fails: BackendError UPSTREAM_UNAVAILABLE of `sessions`.
   */
  find(id: string): Promise<Session | null>;
  /** Forgets it, and revokes its tokens at the provider as far as that answers. */
  end(id: string): Promise<void>;
  /** Calls `ended` once, soon after a session is over; the answer stops that. */
  watch(id: string, ended: () => void): () => void;
  /** When a session that is used now ends if it is not used again; and when at the latest. */
  endsAtMs(session: Session): { readonly idle: number; readonly latest: number };
}

const renewBeforeMs = 10_000;
const touchEveryMs = 30_000;
/** After the provider did not answer, a session goes on with what it has for so long. */
const renewAgainMs = 5_000;
const lockMs = 10_000;
const lockPollMs = 50;
/** How long the end of a session may go unnoticed by an open socket when the store told nobody. */
const watchEveryMs = 15_000;

/** Sessions in a store, encrypted; their keys there are digests, so that a leak of it opens none. */
export function createSessions(options: SessionsOptions): Sessions {
  const { store, provider, now = Date.now } = options;
  const { idleMs = 30 * 60_000, absoluteMs = 12 * 60 * 60_000 } = options;
  const sealer = createSealer(options.secret, 'session');
  const touchedAtMs = new LRUCache<string, number>({ max: 10_000 });
  /** What was opened last, so that a text that did not change is not opened again. */
  const opened = new LRUCache<string, { text: string; session: Session }>({ max: 2_000 });
  const renewing = new Map<string, Promise<Session | null>>();
  const failedAtMs = new LRUCache<string, number>({ max: 10_000 });
  const watchers = new Map<string, Set<() => void>>();

  const sessions: Sessions = {
    async start(session) {
      const id = randomId();
      const key = keyOf(id);
      await stored(() => store.set(key, sealed(session, key), ttlMs(session)));
      return id;
    },

    async find(id) {
      const key = keyOf(id);
      const session = await load(key);
      if (!session) return null;
      await touch(key, session);
      if (!isDue(session)) return session;
      const failed = failedAtMs.get(key);
      if (failed !== undefined && now() - failed < renewAgainMs) return session;
      try {
        return await renewed(key);
      } catch {
        // The login itself still stands; whoever needs a token will hear of it.
        failedAtMs.set(key, now());
        return session;
      }
    },

    async end(id) {
      const key = keyOf(id);
      const session = await load(key);
      await forget(key);
      if (session) await revoke(session);
    },

    watch(id, ended) {
      const key = keyOf(id);
      let set = watchers.get(key);
      if (!set) watchers.set(key, (set = new Set()));
      let told = false;
      const tell = () => {
        if (!told) ended();
        told = true;
      };
      set.add(tell);
      const look = () => {
        load(key).then(
          (session) => session ?? tell(),
          () => {}, // a store that does not answer ends nobody's session
        );
      };
      const timer = setInterval(look, watchEveryMs).unref();
      const unwatch = store.watch?.(key, look);
      return () => {
        clearInterval(timer);
        unwatch?.();
        told = true;
        set.delete(tell);
        if (set.size === 0) watchers.delete(key);
      };
    },

    endsAtMs: (session) => ({
      idle: now() + ttlMs(session),
      latest: session.startedAtMs + absoluteMs,
    }),
  };
  return sessions;

  async function load(key: string): Promise<Session | null> {
    const text = await stored(() => store.get(key));
    const session = text === null ? null : unsealed(text, key);
    return session && ttlMs(session) > 0 ? session : null;
  }

  function unsealed(text: string, key: string): Session | null {
    const known = opened.get(key);
    if (known?.text === text) return known.session;
    const json = sealer.open(text, key);
    if (json === null) return null;
    const session = JSON.parse(json) as Session; // as `sealed` wrote it
    opened.set(key, { text, session });
    return session;
  }

  async function touch(key: string, session: Session): Promise<void> {
    const at = now();
    if (at - (touchedAtMs.get(key) ?? Number.NEGATIVE_INFINITY) < touchEveryMs) return;
    touchedAtMs.set(key, at);
    // Moves the end only: to write it whole could undo what another instance has renewed.
    await stored(() => store.extend(key, ttlMs(session)));
  }

  async function forget(key: string): Promise<void> {
    await stored(() => store.remove(key));
    opened.delete(key);
    for (const ended of watchers.get(key) ?? []) ended();
  }

  async function revoke({ refreshToken }: Session): Promise<void> {
    if (refreshToken === null) return;
    try {
      const configuration = await provider.configuration();
      await tokenRevocation(configuration, refreshToken, { token_type_hint: 'refresh_token' });
    } catch {
      // The session is gone here either way, and its tokens with it.
    }
  }

  /** One renewal at a time, here and, through the store's lock, in all instances. */
  function renewed(key: string): Promise<Session | null> {
    let running = renewing.get(key);
    if (!running) {
      running = renewAlone(key).finally(() => renewing.delete(key));
      renewing.set(key, running);
    }
    return running;
  }

  async function renewAlone(key: string): Promise<Session | null> {
    const giveUpAt = performance.now() + lockMs;
    for (;;) {
      const unlock = await stored(() => store.lock(`${key}:renewing`, lockMs));
      try {
        const session = await load(key);
        if (!session || !isDue(session)) return session;
        if (unlock) return await renew(key, session);
      } finally {
        await unlock?.().catch(() => {}); // it ends by itself
      }
      if (performance.now() > giveUpAt) throw new Error('another instance does not finish');
      await new Promise((resolve) => setTimeout(resolve, lockPollMs));
    }
  }

  async function renew(key: string, session: Session): Promise<Session | null> {
    const configuration = await provider.configuration();
    if (session.refreshToken === null) return ended(key);
    try {
      const answer = await refreshTokenGrant(configuration, session.refreshToken);
      const next: Session = {
        ...session,
        accessToken: answer.access_token,
        renewAtMs: renewAtMs(now(), answer.expiresIn()),
        refreshToken: answer.refresh_token ?? session.refreshToken,
        scopes: answer.scope?.split(' ') ?? session.scopes,
        roles: rolesIn(answer.claims() ?? session),
      };
      const kept = await stored(() => store.replace(key, sealed(next, key), ttlMs(next)));
      if (kept) return next;
      await revoke(next); // somebody logged out meanwhile
      return null;
    } catch (error) {
      if ((error as { error?: unknown }).error === 'invalid_grant') return ended(key);
      throw error;
    }
  }

  async function ended(key: string): Promise<null> {
    await forget(key);
    return null;
  }

  function isDue({ renewAtMs }: Session): boolean {
    return now() >= renewAtMs;
  }

  function ttlMs({ startedAtMs }: Session): number {
    return Math.min(idleMs, startedAtMs + absoluteMs - now());
  }

  function sealed(session: Session, key: string): string {
    return sealer.seal(JSON.stringify(session), key);
  }
}

/** Ten seconds before an access token expires, or in the last fifth of its life. */
export function renewAtMs(nowMs: number, expiresInSeconds = 60): number {
  const lifeMs = expiresInSeconds * 1_000;
  return nowMs + lifeMs - Math.min(renewBeforeMs, lifeMs / 5);
}

function keyOf(id: string): string {
  return `tailorbird:session:${digest(id)}`;
}

async function stored<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw unavailable('sessions', 'the session store does not answer', error);
  }
}
