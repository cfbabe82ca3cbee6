import type { Mode, Scenario, StagePlan, Work } from './contestant.ts';
import type { Options } from './options.ts';
import { pageWork } from './page-work.ts';
import {
  bylineWork,
  changingWork,
  greetWork,
  listWork,
  postsWork,
  remoteWork,
  titlesWork,
} from './posts-works.ts';

/** The tables of the results, in order; those of a work and mode next to each other. */
export const scenarios: readonly Scenario[] = [
  scenario(postsWork, 'uncached', 0, true),
  scenario(postsWork, 'uncached', 20, false),
  scenario(postsWork, 'cached', 0, true),
  scenario(changingWork, 'uncached', 0, true),
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

/** What the flags leave, without scenarios that nobody would run, one stage for each work and mode. */
export function chosenStages({ quick, only }: Options): StagePlan[] {
  const tables = scenarios
    .filter((scenario) => scenario.quick || !quick || only !== undefined)
    .map((scenario) => ({
      scenario,
      contestants: scenario.work.contestants.filter(
        ({ name, modes }) =>
          modes.includes(scenario.mode) && (only?.test(`${scenario.id}/${name}`) ?? true),
      ),
    }))
    .filter(({ contestants }) => contestants.length > 0);
  const groups = Map.groupBy(tables, ({ scenario: { work, mode } }) => `${work.name}/${mode}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { work, mode } = first.scenario;
    const contestants = work.contestants.filter((contestant) =>
      group.some((table) => table.contestants.includes(contestant)),
    );
    return [{ work, mode, contestants, tables: group }];
  });
}

function scenario(work: Work, mode: Mode, latencyMs: number, quick: boolean): Scenario {
  return { id: `${work.name}/${mode}/${latencyMs}ms`, work, mode, latencyMs, quick };
}
