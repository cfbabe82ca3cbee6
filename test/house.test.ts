import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'],
  {
    encoding: 'utf8',
  },
)
  .split('\n')
  .filter((file) => /^(src|schemas|bff-[^/]+|sandbox)\//.test(file))
  .filter((file) => !/\/(explorer|generated)\//.test(file));

/** Rooms of `src`, lowest first: a room imports from rooms below it only. */
const rooms = [
  ['backend'],
  ['load', 'events'],
  ['subschema', 'engine', 'contract'],
  ['bff'],
  ['telemetry'],
  ['server'],
  ['cli'],
];
const leaves = [
  'error.ts',
  'limits.ts',
  'request.ts',
  'nearest-name.ts',
  'nearest-path.ts',
  'refuse-unknown.ts',
  'definition-place.ts',
  'describe-failure.ts',
  'syntax-report.ts',
  'no-serving.ts',
  'node-version.ts',
];

function upward(file: string, target: string): string | null {
  const [floor = '', room = ''] = file.split('/');
  const [targetFloor = '', targetRoom = ''] = target.split('/');
  if (floor === 'src') {
    if (targetFloor !== 'src') return 'src imports nothing above it';
    if (
      leaves.includes(targetRoom) ||
      room === targetRoom ||
      room === 'index.ts' ||
      room === 'build.ts'
    )
      return null;
    const level = rooms.findIndex((names) => names.includes(room));
    const targetLevel = rooms.findIndex((names) => names.includes(targetRoom));
    if (leaves.includes(room))
      return /^(backend|events)$/.test(targetRoom) ? null : 'a leaf imports no room';
    return targetLevel < level ? null : `${room} may not import ${targetRoom}`;
  }
  if (floor === 'schemas') {
    if (targetFloor === 'schemas' && targetRoom === room) return null;
    return 'a schema imports tailorbird and its own folder';
  }
  if (floor.startsWith('bff-')) {
    if (targetFloor === floor || targetFloor === 'schemas') return null;
    return 'a bff imports tailorbird, schemas and its own folder';
  }
  return targetFloor === floor ? null : `${floor} imports its own folder only`;
}

describe('the house', () => {
  it('has no arrow that points up or across', () => {
    const wrong: string[] = [];
    for (const file of files) {
      for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(
        /(?:from|import)\s*\(?\s*'(\.[^']+)'/g,
      )) {
        const target = normalize(join(dirname(file), specifier));
        const reason = upward(file, target);
        if (reason) wrong.push(`${file} → ${target}: ${reason}`);
      }
    }
    expect(files.length).toBeGreaterThan(40);
    expect(wrong).toEqual([]);
  });

  it('catches an upward arrow', () => {
    expect(upward('src/load/x.ts', 'src/server/y.ts')).not.toBeNull();
    expect(upward('src/bff/x.ts', 'schemas/airports/index.ts')).not.toBeNull();
    expect(upward('schemas/airports/x.ts', 'schemas/flights/index.ts')).not.toBeNull();
    expect(upward('bff-web/x.ts', 'bff-mobile/bff.ts')).not.toBeNull();
  });

  it('speaks to the library by its public name above src', () => {
    const wrong = files
      .filter((file) => /^(schemas|bff-)/.test(file))
      .filter((file) => /from '[^']*\/src\//.test(readFileSync(file, 'utf8')));
    expect(wrong).toEqual([]);
  });
});
