import type { ExecutionResult, GraphQLError } from 'graphql';
import { buildRows } from './assemble.ts';
import type { MaybePromise } from './engine.ts';
import { Execution, type ExecutionInput } from './execution.ts';
import type { IncrementalExecution } from './incremental.ts';
import { LevelRun } from './level-run.ts';
import { errorsOf } from './locate.ts';
import type { LevelPlan } from './plan.ts';
import { Run } from './run.ts';
import { type JsonText, writeBody } from './text.ts';
import { Deliveries } from './deliveries.ts';

/** Runs a query or a mutation. */
export function executePlan(
  input: ExecutionInput,
): MaybePromise<ExecutionResult | IncrementalExecution> {
  const execution = new Execution(input);
  const deliveries = new Deliveries(execution);
  const { roots, operation } = input.body;
  const [only] = roots;
  if (operation.operation !== 'mutation' && only) {
    const level = runLevel(execution, only, deliveries);
    const finish = (done: LevelRun) =>
      deliveries.finish(
        resultOf(execution, buildRows(done, 0)[0] ?? null, errorsOf(done, 0, 0, [])),
      );
    return level instanceof Promise ? level.then(finish) : finish(level);
  }
  return runSeries(execution, roots, deliveries);
}

/** Runs a query or a mutation that has one result; a query without errors as JSON text. */
export function executePlanToText(input: ExecutionInput): MaybePromise<JsonText | ExecutionResult> {
  const execution = new Execution(input);
  const { roots, operation } = input.body;
  if (operation.operation !== 'mutation' && roots.length > 0) return runToText(execution);
  // Without parts there is one result.
  return runSeries(execution, roots, new Deliveries(execution)) as Promise<ExecutionResult>;
}

/** Runs a plan of one root, whose answer is JSON text when it has no errors. */
export function runToText(execution: Execution): MaybePromise<JsonText | ExecutionResult> {
  const [root] = execution.body.roots;
  if (!root) return { data: null };
  const level = runLevel(execution, root, null);
  const write = (done: LevelRun) => {
    if (execution.faulty || execution.looseErrors.length > 0) {
      const data = buildRows(done, 0)[0] ?? null;
      return resultOf(execution, data, errorsOf(done, 0, 0, []));
    }
    return writeBody(done);
  };
  return level instanceof Promise ? level.then(write) : write(level);
}

/** A mutation's root fields, one after another; a null that must not be ends them. */
async function runSeries(
  execution: Execution,
  roots: readonly LevelPlan[],
  deliveries: Deliveries,
): Promise<ExecutionResult | IncrementalExecution> {
  let data: Record<string, unknown> | null = {};
  const errors: GraphQLError[] = [];
  for (const root of roots) {
    execution.signal?.throwIfAborted();
    const level = await runLevel(execution, root, deliveries);
    const row: Record<string, unknown> | null = buildRows(level, 0)[0] ?? null;
    errors.push(...errorsOf(level, 0, 0, []));
    if (row === null) {
      data = null;
      break;
    }
    Object.defineProperties(data, Object.getOwnPropertyDescriptors(row));
  }
  return deliveries.finish(resultOf(execution, data, errors));
}

/** Runs one level by itself until it is whole, at once if nothing in it waits. */
export function runLevel(
  execution: Execution,
  plan: LevelPlan,
  deliveries: Deliveries | null,
): MaybePromise<LevelRun> {
  let settle: { resolve: (level: LevelRun) => void; reject: (error: unknown) => void } | null =
    null;
  let outcome: { error: unknown; failed: boolean } | null = null;
  const { signal } = execution;
  const onAbort = () => run.fail(signal?.reason);
  const run = new Run(execution, (error, failed) => {
    outcome = { error, failed };
    signal?.removeEventListener('abort', onAbort);
    if (!settle) return;
    if (failed) settle.reject(error);
    else settle.resolve(level);
  });
  const rootValue = execution.event ? execution.event.value : undefined;
  const level = new LevelRun(run, plan, null, [rootValue]);
  // Not assigned at once: V8 keeps functions written to a property alive until a full collection.
  const whole = () => run.finish();
  level.onWhole = whole;
  if (deliveries) deliveries.watch(run, null);
  run.push(() => level.start());
  run.drain();
  deliveries?.start();
  const settled = outcome as { error: unknown; failed: boolean } | null;
  if (settled) {
    if (settled.failed) return Promise.reject(settled.error);
    return level;
  }
  signal?.addEventListener('abort', onAbort, { once: true });
  return new Promise((resolve, reject) => {
    settle = { resolve, reject };
  });
}

export function resultOf(
  execution: Execution,
  data: Record<string, unknown> | null,
  found: readonly GraphQLError[],
): ExecutionResult {
  const errors = [...found, ...execution.looseErrors.splice(0)];
  return errors.length > 0 ? { errors, data } : { data };
}
