import type { CurveResult } from './growth.ts';
import type { Row, Table } from './measure.ts';
import type { StartRow } from './start.ts';
import { alignTable } from './table.ts';

/** What has been measured so far. */
export interface Figures {
  readonly tables: readonly Table[];
  readonly starts: readonly StartRow[];
  readonly curves: readonly CurveResult[];
}

interface Goal {
  readonly what: string;
  readonly limit: 'at most' | 'at least';
  readonly asked: number;
  readonly measured: number;
  /** For requests/s: the same by CPU time, which holds where the load's core is the limit. */
  readonly byCpu?: number;
}

/** Ours over theirs, in requests/s. */
interface RateGoal {
  readonly rival: string;
  readonly asked: number;
}

const peerGoals: readonly RateGoal[] = [
  { rival: 'mercurius', asked: 3 },
  { rival: 'tailcall, batching', asked: 5 },
  { rival: 'hive gateway', asked: 15 },
];

const cachedGoals: readonly RateGoal[] = [
  { rival: 'floor: bare', asked: 0.7 },
  { rival: 'tailcall, dedupe', asked: 1 },
];

/** Where our figures stand against the goals of the design, as far as they are measured; '' when none is. */
export function printGoals({ tables, starts, curves }: Figures): string {
  const goals = [...tables.flatMap(tableGoals), ...startGoals(starts), ...growthGoals(curves)];
  if (goals.length === 0) return '';
  const cells = goals.map(({ what, limit, asked, measured, byCpu }) => [
    what,
    `${limit} ${asked.toLocaleString('en')}`,
    figure(measured),
    byCpu === undefined ? '' : figure(byCpu),
    (limit === 'at most' ? measured <= asked : measured >= asked) ? 'met' : 'MISSED',
  ]);
  return [
    '### Goals',
    '',
    ...alignTable([['what', 'goal', 'measured', 'by CPU', ''], ...cells]),
    '',
  ].join('\n');
}

function tableGoals({ scenario: { id, work, mode, latencyMs }, rows }: Table): Goal[] {
  if (!rows.some(({ contestant }) => contestant.kind === 'ours')) return [];
  const rates = (goals: readonly RateGoal[]) =>
    goals.flatMap(({ rival, asked }) => rateGoals(id, rowOf(rows, rival), asked));
  if (mode === 'cached') return rates(cachedGoals);
  const floor = rowOf(rows, 'floor: hand-written');
  const cpu: Goal[] = floor
    ? [
        {
          what: `${id}: CPU a request ÷ ${floor.contestant.name}`,
          limit: 'at most',
          asked: work.name === 'posts' ? 1.1 : 1.3,
          measured: 1 / floor.cpuToOurs,
        },
      ]
    : [];
  // Where upstream takes its time, everybody waits for it; where nothing is joined, there is no posts query.
  return latencyMs === 0 && /^(posts|changing)$/.test(work.name)
    ? [...cpu, ...rates(peerGoals), ...sharingGoals(id, rows)]
    : cpu;
}

/** Like for like: Tailcall's batching shares identical calls between requests, too. */
function sharingGoals(id: string, rows: readonly Row[]): Goal[] {
  const sharing = rowOf(rows, 'tailorbird, sharing');
  const tailcall = rowOf(rows, 'tailcall, batching');
  if (sharing === undefined || tailcall === undefined) return [];
  return [
    {
      what: `${id}: requests/s sharing calls in flight ÷ tailcall, batching`,
      limit: 'at least',
      asked: 5,
      measured: sharing.rateToOurs / tailcall.rateToOurs,
      byCpu: tailcall.cpuToOurs / sharing.cpuToOurs,
    },
  ];
}

function rateGoals(id: string, they: Row | undefined, asked: number): Goal[] {
  if (they === undefined) return [];
  return [
    {
      what: `${id}: requests/s ÷ ${they.contestant.name}`,
      limit: 'at least',
      asked,
      measured: 1 / they.rateToOurs,
      byCpu: they.cpuToOurs,
    },
  ];
}

function startGoals(starts: readonly StartRow[]): Goal[] {
  return starts.flatMap(({ bff, backends, firstAnswerMs, restingMb }): Goal[] => {
    const what = `start: ${bff}, backends ${backends}`;
    return [
      {
        what: `${what}: first answer, ms`,
        limit: 'at most',
        asked: 3_000,
        measured: firstAnswerMs,
      },
      { what: `${what}: resting MB`, limit: 'at most', asked: 200, measured: restingMb },
    ];
  });
}

/** What has to stay the same may differ by a third: one point is one second in one process. */
function growthGoals(curves: readonly CurveResult[]): Goal[] {
  const resultsOf = (curve: string) => curves.find(({ name }) => name === curve)?.points ?? [];
  const [, , thousand, tenThousand] = resultsOf('growth/list');
  const [fewTypes, , manyTypes] = resultsOf('growth/types');
  const goals: Goal[] = [];
  if (thousand && tenThousand)
    goals.push({
      what: 'growth/list: CPU an item, 10,000 items ÷ 1,000',
      limit: 'at most',
      asked: 1.33,
      measured: tenThousand.cpuMs / 10 / thousand.cpuMs,
    });
  if (fewTypes && manyTypes)
    goals.push(
      {
        what: 'growth/types: CPU, 10,000 types ÷ 100',
        limit: 'at most',
        asked: 1.33,
        measured: manyTypes.cpuMs / fewTypes.cpuMs,
      },
      {
        what: 'growth/types: 10,000 types, first answer, ms',
        limit: 'at most',
        asked: 5_000,
        measured: manyTypes.startMs,
      },
      {
        what: 'growth/types: 10,000 types, MB',
        limit: 'at most',
        asked: 1_024,
        measured: manyTypes.residentMb,
      },
    );
  return goals;
}

function rowOf(rows: readonly Row[], name: string): Row | undefined {
  return rows.find(({ contestant }) => contestant.name.startsWith(name));
}

function figure(value: number): string {
  return value < 100 ? value.toFixed(2) : Math.round(value).toLocaleString('en');
}
