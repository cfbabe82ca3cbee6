import { type Bff, createServer } from 'tailorbird';

/** Env: `PORT`, `UPSTREAM`, `GRPC_UPSTREAM`, `CACHED`, `SHARES`. */
export const upstream = process.env['UPSTREAM'] ?? '';

/** As many connections as the other contestants have, and like theirs no call is one too many. */
export const policy = {
  maxConnections: 64,
  timeoutMs: 10_000,
  bulkhead: { maxInFlight: 1_000, maxWaiting: 1_000, maxWaitMs: 10_000 },
};

/** Whether what is fetched may be kept between requests. */
export const isCached = process.env['CACHED'] === '1';

/** Whether what is fetched is said to be everybody's, and with it what is asked for at the same moment. */
export const isPublic = isCached || process.env['SHARES'] === '1';

/** Upstream is asked every time, or once for all who ask at the same moment, or once in ten minutes. */
export const cacheOf = isPublic
  ? ({ scope: 'public', ttlMs: isCached ? 600_000 : 0 } as const)
  : ({ scope: 'none' } as const);

const ignore = (): void => {};
const quiet = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/**
 * Serves a bff on `PORT` as in production, but for four things: operations need not be registered,
 * their rate has no limit, none is refused for being too many at once, and no line is logged for each, since no peer does any of it.
 */
export async function listen(bff: Bff): Promise<void> {
  const server = createServer(bff, {
    port: Number(process.env['PORT']),
    host: '127.0.0.1',
    logger: quiet,
    persistedOnly: false,
    rateLimit: false,
    limits: { eventLoopDelayMs: Number.POSITIVE_INFINITY },
  });
  await server.listen();
}
