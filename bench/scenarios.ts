import type { Scenario, Work } from './contestant.ts';
import { pageWork } from './page-work.ts';
import {
  bylineWork,
  greetWork,
  listWork,
  postsWork,
  remoteWork,
  titlesWork,
} from './posts-works.ts';

/** The tables of the results, in order. */
export const scenarios: readonly Scenario[] = [
  scenario(postsWork, 'uncached', 0, true),
  scenario(postsWork, 'uncached', 20, false),
  scenario(postsWork, 'cached', 0, true),
  scenario(titlesWork, 'uncached', 0, false),
  scenario(titlesWork, 'cached', 0, false),
  scenario(listWork, 'uncached', 0, false),
  scenario(listWork, 'uncached', 20, false),
  scenario(listWork, 'cached', 0, false),
  scenario(pageWork, 'uncached', 0, false),
  scenario(pageWork, 'uncached', 20, false),
  scenario(pageWork, 'cached', 0, false),
  scenario(bylineWork, 'uncached', 0, false),
  scenario(bylineWork, 'uncached', 20, false),
  scenario(bylineWork, 'cached', 0, false),
  scenario(remoteWork, 'uncached', 0, false),
  scenario(remoteWork, 'uncached', 20, false),
  scenario(remoteWork, 'cached', 0, false),
  scenario(greetWork, 'uncached', 0, false),
];

function scenario(work: Work, mode: Scenario['mode'], latencyMs: number, quick: boolean): Scenario {
  return { id: `${work.name}/${mode}/${latencyMs}ms`, work, mode, latencyMs, quick };
}
