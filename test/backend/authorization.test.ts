import { expect, test } from 'vitest';
import type { Transport } from '../../src/backend/backend.ts';
import { createLiveBackend } from '../../src/backend/live-backend.ts';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import { BackendError } from '../../src/error.ts';
import type { RequestContext } from '../../src/request.ts';
import { contextOver } from './request-context.ts';

const travellers = defineRestBackend({
  name: 'travellers',
  endpoints: 'http://127.0.0.1:1',
  auth: { audience: 'urn:travellers' },
});
const open = defineRestBackend({ name: 'open', endpoints: 'http://127.0.0.1:1' });

/** A transport that takes some tokens, and what it was sent. */
function over(takes: (authorization: string | undefined) => boolean = () => true) {
  const sent: (string | undefined)[] = [];
  const transport: Transport = {
    async call({ backend, headers }) {
      sent.push(headers['authorization']);
      if (takes(headers['authorization'])) return { value: {}, headers: {}, bytes: 2 };
      throw new BackendError({ code: 'UNAUTHENTICATED', backend, message: 'not this one' });
    },
    close: async () => {},
  };
  const live = [travellers, open].map((backend) => createLiveBackend(backend, { transport }));
  return { sent, context: contextOver(live) };
}

const ask = (
  context: RequestContext,
  tokenFor: NonNullable<RequestContext['tokenFor']>,
  backend = travellers,
) => backend.api({ ...context, tokenFor }).get('/me');

test('a call carries a token of its backend’s audience, at hand or not', async () => {
  const { sent, context } = over();
  await ask(context, (audience) => `now ${audience}`);
  await ask(context, async (audience) => `later ${audience}`);
  expect(sent).toEqual(['Bearer now urn:travellers', 'Bearer later urn:travellers']);
});

test('a backend that asks for none gets none, and nobody asks for one', async () => {
  const { sent, context } = over();
  await ask(context, () => expect.unreachable(), open);
  await travellers.api(context).get('/me');
  expect(sent).toEqual([undefined, undefined]);
});

test('a call whose token can’t be had is not sent, and recorded as what it failed with', async () => {
  const { sent, context } = over();
  const down = new BackendError({
    code: 'UPSTREAM_UNAVAILABLE',
    backend: 'identity',
    message: 'down',
  });
  await expect(ask(context, () => Promise.reject(down))).rejects.toBe(down);
  expect(sent).toEqual([]);
  expect(context.calls).toMatchObject([{ outcome: 'UPSTREAM_UNAVAILABLE' }]);
});

test('a token that does not come ends with the call’s deadline', async () => {
  const { sent, context } = over();
  const soon = { ...context, deadline: performance.now() + 100 };
  await expect(ask(soon, () => new Promise(() => {}))).rejects.toMatchObject({
    code: 'UPSTREAM_TIMEOUT',
    backend: 'travellers',
  });
  expect(sent).toEqual([]);
});

test('a refused token is replaced once', async () => {
  const { sent, context } = over((authorization) => authorization === 'Bearer new');
  await ask(context, (_audience, refused) => (refused === 'old' ? 'new' : 'old'));
  expect(sent).toEqual(['Bearer old', 'Bearer new']);
});

test.each([
  ['the same one comes back', () => 'old', 1],
  ['the next one is refused as well', (_: string, refused?: string) => `${refused}+`, 2],
])('a refusal stands when %s', async (_case, tokenFor, calls) => {
  const { sent, context } = over(() => false);
  await expect(ask(context, tokenFor)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(sent).toHaveLength(calls);
});
