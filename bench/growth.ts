import { join } from 'node:path';
import type { GrowthPoint, GrowthResult } from './growth-point.ts';
import { outputOf, serverCore } from './processes.ts';
import { alignTable } from './table.ts';

interface Curve {
  readonly name: string;
  readonly title: string;
  readonly points: readonly (Omit<GrowthPoint, 'measureMs'> & { readonly label: string })[];
}

const base = { subschemas: 2, types: 100, list: 100, depth: 1 };

/** What grows, everything else the same. */
export const curves: readonly Curve[] = [
  {
    name: 'growth/list',
    title: 'by items answered (2 subschemas, 100 types)',
    points: [10, 100, 1_000, 10_000].map((list) => ({ ...base, list, label: `${list} items` })),
  },
  {
    name: 'growth/depth',
    title: 'by depth, a merge at each level (100 items, 2 subschemas, 100 types)',
    points: [1, 2, 4, 8, 16].map((depth) => ({ ...base, depth, label: `${depth} levels` })),
  },
  {
    name: 'growth/subschemas',
    title: 'by subschemas in the graph, two of them asked (100 items, 1,000 types)',
    points: [2, 10, 25, 50].map((subschemas) => ({
      ...base,
      types: 1_000,
      subschemas,
      label: `${subschemas} subschemas`,
    })),
  },
  {
    name: 'growth/types',
    title: 'by types in the graph (100 items, 50 subschemas)',
    points: [100, 1_000, 10_000].map((types) => ({
      ...base,
      subschemas: 50,
      types,
      label: `${types} types`,
    })),
  },
];

/** A curve as it was measured, its points in order. */
export interface CurveResult {
  readonly name: string;
  readonly title: string;
  readonly points: readonly (GrowthResult & { readonly label: string; readonly items: number })[];
}

export async function measureCurve(
  { name, title, points }: Curve,
  measureMs: number,
  note: (line: string) => void,
): Promise<CurveResult> {
  const results: CurveResult['points'][number][] = [];
  for (const { label, ...point } of points) {
    const order: GrowthPoint = { ...point, measureMs };
    const text = await outputOf(
      {
        file: process.execPath,
        args: [join(import.meta.dirname, 'growth-point.ts'), JSON.stringify(order)],
      },
      serverCore,
      120_000,
    );
    const result = JSON.parse(text) as GrowthResult;
    const { cpuMs, startMs } = result;
    note(
      `  ${name}, ${label}: ${cpuMs.toFixed(3)} CPU ms, first answer after ${Math.round(startMs)} ms`,
    );
    results.push({ ...result, label, items: point.list * point.depth });
  }
  return { name, title, points: results };
}

/** As a Markdown table. */
export function printCurve({ name, title, points }: CurveResult): string {
  const cells = [
    ['graph', 'CPU ms', 'CPU µs an item', 'first answer ms', 'in CPU ms', 'MB'],
    ...points.map(({ label, items, cpuMs, startMs, startCpuMs, residentMb }) => [
      label,
      cpuMs.toFixed(3),
      ((cpuMs * 1_000) / items).toFixed(2),
      startMs.toFixed(0),
      startCpuMs.toFixed(0),
      residentMb.toFixed(0),
    ]),
  ];
  return [`### ${name}: ${title}`, '', ...alignTable(cells), ''].join('\n');
}
