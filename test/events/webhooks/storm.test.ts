import { expect, test } from 'vitest';
import { brokenIn, runStorm } from '../../../bench/webhooks/storm.ts';

test('of a storm of webhooks every genuine one is heard once, and no other', async () => {
  const result = await runStorm({ count: 800, large: 1, rate: 300 });
  expect(brokenIn(result)).toEqual([]);
  expect(result.sent).toMatchObject({ large: 1, 'large-forged': 1, 'too-large': 1, old: 32 });
  expect(result.sent['genuine']).toBeGreaterThan(600);
  expect(result.sent['forged']).toBeGreaterThan(60);
  expect(result.sent['repeated']).toBeGreaterThan(50);
  console.info(
    `acknowledged: p50 ${result.p50Ms.toFixed(1)} ms, p99 ${result.p99Ms.toFixed(1)} ms`,
  );
}, 60_000);
