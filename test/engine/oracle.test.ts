import { type ExecutionResult, execute, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/engine.ts';
import { differenceOf } from './oracle/compare.ts';
import { createOperation } from './oracle/operation.ts';
import { buildWorld } from './oracle/schemas.ts';
import { createWorld } from './oracle/world.ts';

const cases = Number(process.env['ORACLE_CASES'] ?? 600);
const seed = Number(process.env['ORACLE_SEED'] ?? 1);
const perWorld = 6;
let stitchedWrong = 0,
  stitchedRight = 0;

describe(`${cases} generated operations from seed ${seed}`, () => {
  it('are answered as graphql-js answers them on one plain schema, and stitched', async () => {
    for (let at = 0; at < cases; at += perWorld) {
      const world = createWorld(seed * 1_000_003 + at);
      const exact = !world.async && world.subschemas.every(({ remote }) => !remote);
      const built = buildWorld(world);
      const engine = createEngine({
        schema: built.stitched,
        subschemas: built.subschemas,
        resolvers: built.resolvers,
      });
      for (let number = 0; number < perWorld; number++) {
        const { source, variables } = createOperation(built.plain, world.seed + number * 7919);
        const name = `ORACLE_SEED=${seed} world ${world.seed} case ${number}\n${source}`;
        const document = parse(source);
        if (validate(built.plain, document).length > 0) continue;
        const plan = engine.prepare(source);
        if ('errors' in plan) throw new Error(`${name}\n${plan.errors.join('\n')}`);
        built.calls.length = 0;
        const ours = (await engine.execute(plan, { variables, context: {} })) as ExecutionResult;
        const oursCalls = built.calls.length;
        const plain = await execute({
          schema: built.plain,
          document,
          variableValues: variables,
          contextValue: {},
        });
        const difference = differenceOf(ours, plain, exact);
        if (difference) throw new Error(`${name}\n${difference}`);
        if (world.failures > 0 || world.derived.length > 0) continue;
        built.calls.length = 0;
        const stitched = await execute({
          schema: built.stitched,
          document,
          variableValues: variables,
          contextValue: {},
        });
        if (differenceOf(ours, stitched, false)) {
          stitchedWrong++;
          if (process.env['SHOW'])
            console.log(
              name,
              differenceOf(ours, stitched, false)?.slice(0, 1500),
              stitched.errors?.[0]?.message,
            );
          continue;
        }
        stitchedRight++;
        expect(oursCalls, `entry calls: ${name}`).toBeLessThanOrEqual(built.calls.length);
      }
    }
    console.log(stitchedRight, stitchedWrong);
  }, 600_000);
});
