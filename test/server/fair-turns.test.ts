import {
  createServer,
  createSubschemaBuilder,
  defineBff,
  defineRestBackend,
  defineSubschema,
} from 'tailorbird';
import { expect, onTestFinished, test } from 'vitest';
import { createLogger } from '../../src/server/log.ts';
import { httpServer } from '../backend/servers.ts';

/** A bff whose backend takes one call at a time, lets two wait, and answers when told to. */
async function narrowBff() {
  const answers: (() => void)[] = [];
  const asked = new Set<() => void>();
  const service = await httpServer((_request, response) => {
    answers.push(() =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('"late"'),
    );
    for (const told of asked) told();
  });
  const trains = defineRestBackend({
    name: 'trains',
    endpoints: service.href,
    policy: { bulkhead: { maxInFlight: 1, maxWaiting: 2, maxWaitMs: 5_000 }, timeoutMs: 10_000 },
  });
  const builder = createSubschemaBuilder();
  builder.queryField('train', (t) =>
    t.string({ resolve: async (_, _args, context) => String(await trains.api(context).get('/')) }),
  );
  const server = createServer(
    defineBff({ name: 'toy', subschemas: [defineSubschema({ backend: trains, builder })] }),
    {
      environment: 'development',
      trustedHops: 1,
      logger: createLogger({ environment: 'production', write: () => {} }),
    },
  );
  const { url } = await server.listen();
  onTestFinished(() => server.close());
  return {
    async ask(address: string): Promise<unknown> {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
        body: '{"query":"{ train }"}',
      });
      return response.json();
    },
    /** Resolves once the backend has been asked so often. */
    async isAsked(times: number): Promise<void> {
      while (answers.length < times) {
        const { promise, resolve } = Promise.withResolvers<void>();
        asked.add(resolve);
        await promise;
      }
    },
    answer: (call: number) => answers[call]!(),
  };
}

test('the burst of one address does not shut another out of a backend that is full', async () => {
  const bff = await narrowBff();
  const late = { data: { train: 'late' } };
  const first = bff.ask('192.0.2.1');
  await bff.isAsked(1);
  const crowd = [1, 2, 3].map(() => bff.ask('192.0.2.1'));
  // One of three is refused: a place is taken, and two wait.
  const refused = await Promise.race(crowd);
  expect(refused).toMatchObject({ errors: [{ extensions: { code: 'UPSTREAM_OVERLOADED' } }] });
  const other = bff.ask('192.0.2.2');
  // The longest line gives one up for it.
  await expect
    .poll(async () => {
      const settled = await Promise.all(
        crowd.map((one) => Promise.race([one, Promise.resolve(null)])),
      );
      return settled.filter((one) => one !== null).length;
    })
    .toBe(2);
  bff.answer(0);
  await bff.isAsked(2);
  bff.answer(1);
  await bff.isAsked(3);
  bff.answer(2);
  expect(await first).toEqual(late);
  expect(await other).toEqual(late);
});
