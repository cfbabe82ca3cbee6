import { expect, test } from 'vitest';
import { hotKey } from '../../bench/faults/server/hot-key.ts';
import { identicalReads } from '../../bench/faults/server/identical-reads.ts';
import { otherViewers } from '../../bench/faults/server/other-viewers.ts';
import type { Row } from '../../bench/faults/row.ts';

/** The rows of the fault table that take seconds, at a small scale. */
const quick: readonly (readonly [Row, number])[] = [
  [identicalReads, 1],
  [hotKey, 0.2],
  [otherViewers, 0.005],
];

test.each(quick.map(([row, scale]) => ({ name: row.name, row, scale })))(
  'the fault table holds where $name',
  async ({ row, scale }) => {
    const figures = await row.run(scale);
    expect(figures.length).toBeGreaterThan(1);
    expect(figures.filter(({ holds }) => !holds)).toEqual([]);
  },
  60_000,
);
