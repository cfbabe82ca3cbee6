import { atLeast, atMost, type Figure, pause, type Row } from '../row.ts';
import { createApp, isGood, poolOf } from './client.ts';
import { inHouse, oneAddress } from './house.ts';

const readers = 100;

/** A hundred ask for the same at once, and the first of them leaves before there is an answer. */
export const identicalReads: Row = {
  name: '100 identical reads, the first aborts',
  run: () =>
    inHouse(async (house) => {
      const bff = await house.bff({ limits: oneAddress });
      const pool = poolOf(bff.url, readers);
      const [token] = await house.tokens(['ann']);
      const reader = createApp({ url: bff.url, pool, token, address: '10.0.0.1' });
      const figures: Figure[] = [];
      // The token of the backend's own audience is there before it is counted.
      await reader.ask('post', { name: 'me' });
      await pause(1_100); // what was read for it is not kept for longer
      const cases = [
        ['of an operation asked for the first time', 'item', '/items'],
        ['of one that is known to be everyone’s', 'item', '/items'],
        ['of one viewer’s', 'me', '/people'],
      ] as const;
      for (const [index, [what, name, about]] of cases.entries()) {
        await house.slow(400);
        const leaving = new AbortController();
        const variables = name === 'item' ? { id: `same-${index}` } : {};
        const first = reader
          .ask('post', { name, variables }, leaving.signal)
          .then(isGood, () => false);
        while ((await house.callsAbout(about)).length === 0) await pause(10);
        const others = Array.from({ length: readers - 1 }, () =>
          reader.ask('post', { name, variables }).then(isGood, () => false),
        );
        await pause(100);
        leaving.abort();
        const answered = (await Promise.all(others)).filter(Boolean).length;
        await first;
        figures.push(
          atLeast(`answers ${what}`, answered, readers - 1),
          atMost(`upstream calls ${what}`, (await house.callsAbout(about)).length, 1),
        );
      }
      await reader.close();
      await pool.destroy();
      return figures;
    }),
};
