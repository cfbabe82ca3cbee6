import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { atTurnsEnd } from '../../src/load/turns-end.ts';

test('what is given in one turn runs at its end, without a pause between', async () => {
  const ran: string[] = [];
  atTurnsEnd(() => {
    ran.push('one');
    void Promise.resolve().then(() => ran.push('after one'));
  });
  atTurnsEnd(() => void ran.push('two'));
  await Promise.resolve();
  expect(ran).toEqual([]);
  await turn();
  expect(ran).toEqual(['one', 'two', 'after one']);
});

test('what one throws is uncaught once the others have run', async () => {
  const ran: string[] = [];
  const uncaught = Promise.withResolvers<unknown>();
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.once('uncaughtException', (error) => {
    ran.push('uncaught');
    uncaught.resolve(error);
  });
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  });
  const boom = new Error('boom');
  atTurnsEnd(() => {
    throw boom;
  });
  atTurnsEnd(() => void ran.push('two'));
  expect(await uncaught.promise).toBe(boom);
  expect(ran).toEqual(['two', 'uncaught']);
});

test('each runs in the async context that it was given in', async () => {
  const viewer = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  for (const name of ['ann', 'bob']) {
    viewer.run(name, () => atTurnsEnd(() => void seen.push(viewer.getStore())));
  }
  await turn();
  expect(seen).toEqual(['ann', 'bob']);
});
