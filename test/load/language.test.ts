import { expect, it } from 'vitest';
import { createLiveBackend } from '../../src/backend/live-backend.ts';
import { defineQueueBackend } from '../../src/events/queue-backend.ts';
import { defineBatch } from '../../src/load/define-batch.ts';
import { contextOver } from '../backend/request-context.ts';

it('over a queue, replies that vary by language are one for each, from the first contact on', async () => {
  const backend = defineQueueBackend({ name: 'parcels', endpoints: 'nats://127.0.0.1:1/parcels' });
  const live = createLiveBackend(backend, {
    transport: {
      call: async (call) => ({
        value: [{ id: '1', state: call.headers['accept-language'] }],
        headers: { vary: 'Accept-Language' },
        bytes: 0,
      }),
      close: async () => {},
    },
  });
  const batch = defineBatch(backend, {
    load: (_ids: readonly string[], api) =>
      api.get('/') as Promise<{ id: string; state: string }[]>,
    keyOf: ({ id }) => id,
    cache: { scope: 'public', ttlMs: 60_000 },
  });
  const ask = async (language: string) => {
    const context = contextOver([live], { headers: { 'accept-language': language } });
    return (await batch.load(context, '1'))?.state;
  };
  expect(await Promise.all([ask('de'), ask('fr')])).toEqual(['de', 'fr']);
});
