import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import { defaultLimits } from '../../../src/limits.ts';
import { createAdmission, isRefused } from '../../../src/server/admission/admission.ts';
import { registeredOperations } from '../../../src/server/admission/registered-operations.ts';
import type { Engine } from '../../../src/server/composed.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void; // what the flag adds

const megabyte = 1024 * 1024;
function heapAfterCollection(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / megabyte;
}

/** Counts its plans, which hold nothing. */
function admission() {
  const seen = { planned: 0 };
  const engine = {
    prepare() {
      seen.planned += 1;
      return {};
    },
  } as unknown as Engine<object>; // admission asks for nothing else
  const admit = createAdmission(
    {
      engine,
      limits: defaultLimits,
      clientSchema: buildSchema('type Query { hello: String }'),
      registered: registeredOperations([]),
    },
    { environment: 'development', introspection: true, persistedOnly: false },
  );
  return { seen, admit: (query: string) => admit({ query }, 'r') };
}

test('memory stays flat over many large texts that are asked once each', () => {
  const { admit } = admission();
  const filler = 'x'.repeat(20_000);
  const send = (from: number, to: number) => {
    for (let index = from; index < to; index += 1) {
      // Joined, so that no two texts share their characters.
      const text = Buffer.from(`{ hello } # ${index} ${filler}`).toString();
      expect(isRefused(admit(text))).toBe(false);
    }
  };
  send(0, 500);
  const before = heapAfterCollection();
  send(500, 3_500); // 60 MB of text
  expect(heapAfterCollection() - before).toBeLessThan(8);
});

test('a large text is planned again when it repeats, and no more after that', () => {
  const { admit, seen } = admission();
  const large = `{ hello } # ${'x'.repeat(20_000)}`;
  for (let time = 0; time < 4; time += 1) admit(large);
  expect(seen.planned).toBe(2);
});
