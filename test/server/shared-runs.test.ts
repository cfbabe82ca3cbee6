import {
  createServer,
  createSubschemaBuilder,
  defineBatch,
  defineBff,
  defineRestBackend,
  defineSubschema,
} from 'tailorbird';
import { expect, onTestFinished, test } from 'vitest';
import { createLogger } from '../../src/server/log.ts';
import { httpServer } from '../backend/servers.ts';

const deadlineMs = 500;

/** A bff with one answer for everybody, which hangs once it is told to, past all deadlines of calls. */
async function publicBff() {
  let hangs = false;
  let runs = 0;
  const begun = Promise.withResolvers<void>();
  const service = await httpServer((_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('[{"id":"1"}]'),
  );
  const trains = defineRestBackend({ name: 'trains', endpoints: service.href });
  const byId = defineBatch(trains, {
    load: (_ids: readonly string[], api) => api.get('/') as Promise<{ id: string }[]>,
    keyOf: ({ id }) => id,
    cache: { scope: 'public' },
  });
  const builder = createSubschemaBuilder();
  builder.queryField('train', (t) =>
    t.string({
      async resolve(_, _args, context) {
        runs += 1;
        const train = await byId.load(context, '1');
        if (hangs) {
          begun.resolve();
          await new Promise(() => {});
        }
        return train?.id;
      },
    }),
  );
  const server = createServer(
    defineBff({
      name: 'toy',
      subschemas: [defineSubschema({ backend: trains, builder })],
      limits: { queryDeadlineMs: deadlineMs },
    }),
    {
      environment: 'development',
      logger: createLogger({ environment: 'production', write: () => {} }),
    },
  );
  const { url, adminUrl } = await server.listen();
  onTestFinished(() => server.close());
  return {
    ask: (signal: AbortSignal | null = null) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"query":"{ train }"}',
        signal,
      }),
    hang() {
      hangs = true;
    },
    begun: begun.promise,
    runs: () => runs,
    /** Operations that have begun and not ended. */
    async inFlight(): Promise<number> {
      const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
      return Number(/^tailorbird_operations_in_flight\S* (\d+)$/m.exec(metrics)?.[1]);
    },
  };
}

test('who asks when a run is nearly over gets one of its own', async () => {
  const bff = await publicBff();
  await (await bff.ask()).json();
  bff.hang();
  const first = bff.ask();
  await bff.begun;
  await new Promise((resolve) => setTimeout(resolve, deadlineMs * 0.6));
  const late = [bff.ask(), bff.ask()];
  const statuses = (await Promise.all([first, ...late])).map(({ status }) => status);
  expect(statuses).toEqual([504, 504, 504]);
  expect(bff.runs()).toBe(3);
});

test('a run that others wait for keeps its deadline when who started it leaves', async () => {
  const bff = await publicBff();
  expect(await (await bff.ask()).json()).toEqual({ data: { train: '1' } });
  bff.hang();
  const impatient = new AbortController();
  const left = bff.ask(impatient.signal).catch((error: unknown) => error);
  await bff.begun;
  const patient = bff.ask();
  await expect.poll(bff.inFlight).toBe(2);
  impatient.abort();
  await left;
  const answer = await patient;
  expect(await answer.json()).toMatchObject({
    errors: [{ extensions: { code: 'UPSTREAM_TIMEOUT' } }],
  });
  expect(bff.runs()).toBe(2);
});
