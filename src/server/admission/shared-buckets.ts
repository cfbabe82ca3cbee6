import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import {
  type BucketSize,
  createLocalBuckets,
  type Taken,
  type TokenBuckets,
} from './token-buckets.ts';

/** One connection to the Redis that all instances share; away, everything is answered by undefined. */
export interface SharedCounts {
  /** Runs a script on one key; undefined when Redis is away or slower than 25 ms. */
  run(script: Script, key: string, args: readonly string[]): Promise<unknown>;
  close(): Promise<void>;
}

export interface Script {
  readonly text: string;
  readonly hash: string;
}

/**
 * Buckets in Redis, so that any number of instances spend one budget. What is taken is taken there,
 * atomically and by its clock. A full bucket is handed out in shares of a sixteenth that an instance
 * spends by itself for a second and then gives back, so that a busy key does not ask each time; an
 * emptier one hands out less, down to exactly what is asked for. While Redis is away, each instance
 * has buckets of its own.
 */
export function createSharedBuckets(
  name: string,
  size: BucketSize,
  counts: SharedCounts,
  now: () => number = () => performance.now(),
): TokenBuckets {
  const local = createLocalBuckets(size, now);
  const shares = new LRUCache<string, Share>({ max: 50_000 });
  const empty = new LRUCache<string, Empty>({ max: 50_000 });
  const { capacity, perSecond } = size;

  async function takeShared(key: string, wanted: number): Promise<Taken> {
    const share = shares.get(key);
    const back = share?.tokens ?? 0;
    if (share) share.tokens = 0;
    const reply = await counts.run(takeScript, `tailorbird:bucket:${name}:${key}`, [
      String(capacity),
      String(perSecond),
      String(wanted),
      String(back),
    ]);
    if (!isReply(reply)) {
      if (share) share.tokens += back;
      return local.take(key, wanted);
    }
    const [given, left] = reply;
    if (given < wanted) {
      const waitMs = ((wanted - left) / perSecond) * 1_000;
      empty.set(key, { points: wanted, left, until: now() + waitMs });
      return { granted: false, remaining: left, waitMs };
    }
    const spare = given - wanted;
    // Another request of this key may have brought a share meanwhile.
    const known = shares.get(key);
    const tokens = (known?.tokens ?? 0) + spare;
    shares.set(key, { tokens, left, until: now() + shareMs });
    return { granted: true, remaining: left + tokens, waitMs: 0 };
  }

  return {
    take(key, points) {
      const wanted = Math.min(Math.ceil(points), capacity);
      const share = shares.get(key);
      if (share && share.tokens >= wanted && now() < share.until) {
        share.tokens -= wanted;
        return { granted: true, remaining: share.left + share.tokens, waitMs: 0 };
      }
      // A client that does not hear its refusal is not passed on to Redis.
      const known = empty.get(key);
      if (known && wanted >= known.points) {
        const waitMs = known.until - now();
        if (waitMs > 0) return { granted: false, remaining: known.left, waitMs };
        empty.delete(key);
      }
      return takeShared(key, wanted);
    },
    close: async () => {},
  };
}

/** What this instance may still spend of a key without asking. */
interface Share {
  tokens: number;
  /** What was left for others. */
  readonly left: number;
  readonly until: number;
}

interface Empty {
  readonly points: number;
  readonly left: number;
  readonly until: number;
}

const shareMs = 1_000;

function isReply(reply: unknown): reply is readonly [given: number, left: number] {
  return Array.isArray(reply) && typeof reply[0] === 'number' && typeof reply[1] === 'number';
}

function script(text: string): Script {
  return { text, hash: createHash('sha1').update(text).digest('hex') };
}

/** Arguments: capacity, tokens a second, how many, how many come back. Gives: taken, left. */
const takeScript = script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local capacity, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local wanted, back = tonumber(ARGV[3]), tonumber(ARGV[4])
local state = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = capacity
if state[1] then
  local passed = math.max(0, now - tonumber(state[2]))
  tokens = math.min(capacity, tonumber(state[1]) + passed * rate / 1000 + back)
end
local given = 0
if tokens >= wanted then given = math.max(wanted, math.floor(tokens / 16)) end
tokens = tokens - given
redis.call('HSET', KEYS[1], 'tokens', tokens, 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil((capacity - tokens) / rate * 1000) + 1000)
return { given, math.floor(tokens) }
`);
