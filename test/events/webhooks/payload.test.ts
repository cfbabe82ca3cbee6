import { expect, test } from 'vitest';
import { payloadOf } from '../../../src/events/webhooks/payload.ts';

const form = 'application/x-www-form-urlencoded';

test('a form has at most a thousand fields, so that none takes seconds to read', () => {
  const fields = (count: number) =>
    Buffer.from(Array.from({ length: count }, (_, index) => `f${index}=${index}`).join('&'));
  expect(Object.keys(payloadOf(fields(1_000), form) ?? {})).toHaveLength(1_000);
  expect(payloadOf(fields(1_001), form)).toBeNull();
  expect(payloadOf(Buffer.from('a&'.repeat(100_000)), form)).toBeNull();
});
