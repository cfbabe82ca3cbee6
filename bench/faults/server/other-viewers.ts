import { atLeast, atMost, pause, type Row, shown } from '../row.ts';
import { type App, createApp, isGood, poolOf, type Transport } from './client.ts';
import { inHouse } from './house.ts';
import type { OperationName } from './operations.ts';

const viewers = 100;
const transports: readonly Transport[] = ['post', 'get', 'socket', 'events', 'parts'];
const limitMs = 300_000;

/**
 * Everybody asks for the same operations, with the same variables, over everything there is; the
 * upstream says on each answer whose token it saw. Two bffs share what they keep, where Redis is installed.
 */
export const otherViewers: Row = {
  name: '100 viewers over every transport and cache',
  run: (scale) =>
    inHouse(async (house) => {
      const goal = Math.round(100_000 * scale);
      const redis = await house.redis();
      const env = { TRUST_PROXY: '1', ...(redis !== null && { REDIS_URL: redis }) };
      // As in production but for one address: nobody here may be told to come back later.
      const limits = { addressRequestsPerSecond: 1_000, budgetPointsPerSecond: 10_000 };
      const bffs = await Promise.all([house.bff({ env, limits }), house.bff({ env, limits })]);
      const pools = bffs.map(({ url }) => poolOf(url, 16));
      const subjects = Array.from({ length: viewers }, (_, index) => `viewer-${index}`);
      const tokens = await house.tokens(subjects);
      const stop = Date.now() + limitMs;
      const counts = new Map<Transport, number>(transports.map((each) => [each, 0]));
      let answers = 0;
      let wrong = 0;
      let failed = 0;
      const life = async (subject: string, index: number): Promise<void> => {
        const apps = bffs.map(({ url }, which): App => {
          const address = `10.1.0.${index + 1}`;
          return createApp({ url, pool: pools[which]!, token: tokens[index], address });
        });
        for (let turn = index; answers < goal && Date.now() < stop; turn += 1) {
          const transport = transports[turn % transports.length]!;
          const name: OperationName =
            transport === 'parts' ? 'inParts' : turn % 3 === 0 ? 'everything' : 'me';
          const variables = name === 'me' ? {} : { id: String(turn % 7) };
          try {
            const reply = await apps[turn % apps.length]!.ask(transport, { name, variables });
            const seen = identities(reply.text);
            if (isGood(reply) && seen.length > 0) {
              answers += 1;
              counts.set(transport, counts.get(transport)! + 1);
            } else {
              failed += 1;
              await pause(100); // as it is told to come back later
            }
            if (seen.some((each) => each !== subject)) wrong += 1;
          } catch {
            failed += 1;
            await pause(100);
          }
        }
        await Promise.all(apps.map((app) => app.close()));
      };
      await Promise.all(subjects.map(life));
      await Promise.all(pools.map((pool) => pool.destroy()));
      const each = [...counts].map(([transport, count]) => `${transport} ${count}`).join(', ');
      return [
        atMost(`of another’s among ${answers} answers`, wrong, 0),
        atLeast('answers', answers, goal),
        shown('by transport', each),
        shown('refused or failed beside them', String(failed)),
        shown('a store that both bffs share', redis === null ? 'no redis-server' : 'Redis'),
      ];
    }),
};

/** Whom the upstream saw, wherever the answer says so. */
function identities(text: string): string[] {
  const found = text.matchAll(/"(?:seenBy|whoami)":"([^"]*)"|"me":\{"id":"([^"]*)"/g);
  return [...found].map(([, seenBy, id]) => seenBy ?? id ?? '');
}
