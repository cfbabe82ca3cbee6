import { expect, it } from 'vitest';
import { runJobKills } from '../../../bench/faults/job-kills.ts';

it('loses no acknowledged job and doubles no effect when its process is killed', async () => {
  const result = await runJobKills({ mutations: 300, kills: 3 });
  expect(result).toMatchObject({ acknowledged: 300, kills: 3, lost: 0, doubled: 0 });
}, 120_000);
