import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { buildRecord } from '../../src/server/explorer/build-record.ts';

const folder = fileURLToPath(new URL('../../src/server/explorer', import.meta.url));

test('the explorer that is served was built from its sources, and not touched since', () => {
  expect(
    JSON.parse(readFileSync(`${folder}/dist/build-record.json`, 'utf8')),
    'run: npm ci --prefix src/server/explorer && npm run build --prefix src/server/explorer',
  ).toEqual(buildRecord(folder));
});
