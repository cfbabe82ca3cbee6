import type { GraphQLError } from 'graphql';
import { expect, it } from 'vitest';
import { idOf, startJobServer, work } from './job-server.ts';
import { createInbox } from './queue-contract.ts';

it('does the work of one idempotency key once, for each viewer and input', async () => {
  const inbox = createInbox<string>();
  const { ask } = await startJobServer({
    run: ({ what }, job) => inbox.add(`${job.viewer?.subject} ${what} ${job.idempotencyKey}`),
  });
  const same = await Promise.all([1, 2, 3].map(() => ask(work('a', 'key: "k"'))));
  const [first] = same.filter(({ data }) => data).map(idOf);
  for (const answer of same) {
    // Those that came while the first was being taken on are told so.
    if (answer.data) expect(idOf(answer)).toBe(first);
    else expect(answer.errors?.[0]?.extensions['code']).toBe('CONFLICT');
  }
  expect(idOf(await ask(work('a', 'key: "k"')))).toBe(first);
  const other = await ask(work('b', 'key: "k"'));
  expect(other.errors?.[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
  expect(idOf(await ask(work('a', 'key: "k"'), 'grace'))).not.toBe(first);
  await inbox.until(2);
  expect(inbox.items.toSorted()).toEqual(['ada a k', 'grace a k']);
});

it('does jobs of one key in the order they came, and others beside them', async () => {
  const inHand = new Set<string>();
  const order: string[] = [];
  const done = createInbox<string>();
  let most = 0;
  const { ask } = await startJobServer({
    backoffMs: [30],
    concurrency: 8,
    run: async ({ what, lane = '' }, job) => {
      expect(inHand.has(lane)).toBe(false);
      inHand.add(lane);
      most = Math.max(most, inHand.size);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inHand.delete(lane);
      if (what === 'l0-1' && job.attempt === 1) throw new Error('not yet');
      order.push(what);
      done.add(what);
    },
  });
  for (let n = 0; n < 4; n += 1) {
    await Promise.all([0, 1, 2].map((lane) => ask(work(`l${lane}-${n}`, `lane: "l${lane}"`))));
  }
  await done.until(12);
  for (const lane of ['l0', 'l1', 'l2']) {
    expect(order.filter((what) => what.startsWith(lane))).toEqual(
      [0, 1, 2, 3].map((n) => `${lane}-${n}`),
    );
  }
  expect(most).toBeGreaterThan(1);
});

it('refuses an idempotency key of nobody', async () => {
  const { server } = await startJobServer({ run: () => null });
  const response = await server.fetch(
    new Request('http://bff/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: work('a', 'key: "k"') }),
    }),
  );
  const { errors } = (await response.json()) as { errors: GraphQLError[] };
  expect(errors[0]?.extensions['code']).toBe('UNAUTHENTICATED');
});
