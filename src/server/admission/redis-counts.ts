import type { RedisClientType } from '@redis/client';
import type { Script, SharedCounts } from './shared-buckets.ts';

export interface RedisCountsOptions {
  readonly url: URL;
  /** Told once when Redis goes away, and once when it is back. */
  readonly log: (message: string) => void;
  /** Longest wait for an answer; a Redis that is slower counts as away for a second. @default 25 */
  readonly timeoutMs?: number;
}

const pauseMs = 1_000;

/** Connects by itself, again and again when it has to. The client is loaded only here. */
export function createRedisCounts({ url, log, timeoutMs = 25 }: RedisCountsOptions): SharedCounts {
  let client: RedisClientType | undefined;
  let isAway = false;
  let closed = false;
  let pausedUntil = 0;

  const away = (reason: unknown) => {
    if (isAway || closed) return;
    isAway = true;
    const why = reason instanceof Error ? reason.message || reason.name : String(reason);
    log(`shared rate limits are away, each instance limits by itself until they are back: ${why}`);
  };
  const back = () => {
    if (!isAway) return;
    isAway = false;
    log('shared rate limits are back');
  };

  async function open(): Promise<void> {
    const { createClient } = await import('@redis/client');
    if (closed) return;
    client = createClient({
      url: url.href,
      disableOfflineQueue: true,
      commandsQueueMaxLength: 10_000,
      socket: {
        connectTimeout: 2_000,
        reconnectStrategy: (attempt) =>
          Math.min(2_000, 50 * 2 ** attempt) * (0.5 + Math.random() / 2),
      },
    }) as RedisClientType; // without modules or scripts of its own
    client.on('error', away);
    client.on('ready', back);
    await client.connect();
  }
  const opened = open().catch(away);

  async function ask(redis: RedisClientType, script: Script, rest: string[]): Promise<unknown> {
    try {
      return await redis.sendCommand(['EVALSHA', script.hash, '1', ...rest]);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return redis.sendCommand(['EVAL', script.text, '1', ...rest]);
    }
  }

  return {
    async run(script, key, args) {
      if (!client?.isReady || performance.now() < pausedUntil) return undefined;
      try {
        const reply = await within(timeoutMs, ask(client, script, [key, ...args]));
        if (reply !== undefined) {
          back();
          return reply;
        }
        pausedUntil = performance.now() + pauseMs;
        away(`no answer within ${timeoutMs} ms`);
      } catch (error) {
        away(error);
      }
      return undefined;
    },
    async close() {
      closed = true;
      client?.destroy();
      await opened;
    },
  };
}

/** The value, or undefined when it takes longer. What has already arrived is read before giving up. */
function within(ms: number, value: Promise<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => setImmediate(() => resolve(undefined)), ms);
    value.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
