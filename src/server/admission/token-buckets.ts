import { LRUCache } from 'lru-cache';

/** How much a bucket holds, and how fast it fills again. */
export interface BucketSize {
  readonly capacity: number;
  readonly perSecond: number;
}

export interface Taken {
  readonly granted: boolean;
  /** What is left; when refused, what there was. */
  readonly remaining: number;
  /** How long until as much can be taken; 0 when it was. */
  readonly waitMs: number;
}

/** Token buckets of one size by key, each full at first. */
export interface TokenBuckets {
  /** Takes all of `points` or nothing; never more than a full bucket. */
  take(key: string, points: number): Taken | Promise<Taken>;
  close(): Promise<void>;
}

export interface LocalBuckets extends TokenBuckets {
  take(key: string, points: number): Taken;
}

/** Buckets of this process, up to 50,000; a key not seen for longest starts anew. */
export function createLocalBuckets(
  { capacity, perSecond }: BucketSize,
  now: () => number = () => performance.now(),
): LocalBuckets {
  const buckets = new LRUCache<string, { tokens: number; at: number }>({ max: 50_000 });
  return {
    take(key, points) {
      const wanted = Math.min(points, capacity);
      const at = now();
      let bucket = buckets.get(key);
      if (!bucket) buckets.set(key, (bucket = { tokens: capacity, at }));
      bucket.tokens = Math.min(capacity, bucket.tokens + ((at - bucket.at) * perSecond) / 1_000);
      bucket.at = at;
      if (bucket.tokens < wanted) {
        const waitMs = ((wanted - bucket.tokens) / perSecond) * 1_000;
        return { granted: false, remaining: Math.floor(bucket.tokens), waitMs };
      }
      bucket.tokens -= wanted;
      return { granted: true, remaining: Math.floor(bucket.tokens), waitMs: 0 };
    },
    close: async () => {},
  };
}
