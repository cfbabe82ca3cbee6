import { type Bff, createServer } from 'tailorbird';

/** Env: `PORT`, `UPSTREAM`, `GRPC_UPSTREAM`, `CACHED`. */
export const upstream = process.env['UPSTREAM'] ?? '';

/** As many connections as the other contestants have, and room for a server at its limit. */
export const policy = { maxConnections: 64, timeoutMs: 10_000 };

/** Whether what is fetched may be kept between requests. */
export const isCached = process.env['CACHED'] === '1';

/** Upstream is asked every time, or once in ten minutes; nothing in between, such as sharing calls in flight. */
export const cacheOf = isCached
  ? ({ scope: 'public', ttlMs: 600_000 } as const)
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
