import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { emptyMetrics } from './call-records.ts';

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly w: number };
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

const source = readFileSync(
  new URL('../../deploy/grafana/tailorbird.json', import.meta.url),
  'utf8',
);
const dashboard: Dashboard = JSON.parse(source);
const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
const prefix = /\b(?:tailorbird|nodejs|process)_\w+/g;

async function families() {
  const text = await emptyMetrics().text();
  return new Map(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]),
  );
}

it('names only metrics that a server has', async () => {
  const known = await families();
  const suffixes: Readonly<Record<string, readonly string[]>> = {
    histogram: ['_bucket', '_sum', '_count'],
  };
  const all = new Set(
    [...known].flatMap(([name, type]) => (suffixes[type] ?? ['']).map((end) => name + end)),
  );
  const named = [...source.matchAll(prefix)].map(([name]) => name);
  expect(named.length).toBeGreaterThan(40);
  expect([...new Set(named)].filter((name) => !all.has(name))).toEqual([]);
});

it('shows every metric that a server has, but for the priority of failover', async () => {
  const shown = new Set([...source.matchAll(prefix)].map(([name]) => name));
  const isShown = (name: string) =>
    ['', '_bucket', '_sum', '_count'].some((end) => shown.has(name + end));
  expect([...(await families()).keys()].filter((name) => !isShown(name))).toEqual([
    'tailorbird_backend_priority',
  ]);
});

it('takes rates of counters, and of nothing else', async () => {
  const known = await families();
  for (const expr of expressions) {
    for (const [, call = '', name = ''] of expr.matchAll(/(\w+)\((\w+_\w+)\{/g)) {
      const type = known.get(name) ?? known.get(name.replace(/_(?:bucket|sum|count)$/, ''));
      const isRate = ['rate', 'increase'].includes(call);
      expect([name, isRate]).toEqual([name, type !== 'gauge']);
    }
  }
});

it('has panels with a title and ids of their own, inside the grid', () => {
  const ids = dashboard.panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { type, title, gridPos, targets = [] } of dashboard.panels) {
    expect(title).not.toBe('');
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    expect(targets.length > 0).toBe(type !== 'row');
  }
});
