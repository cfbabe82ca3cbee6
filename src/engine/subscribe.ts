import { type ExecutionResult, GraphQLError, locatedError } from 'graphql';
import { buildRows } from './assemble.ts';
import { hold } from './check-parents.ts';
import { decide } from './decide.ts';
import { resultOf, runLevel } from './execute.ts';
import { Execution, type ExecutionInput } from './execution.ts';
import type { Resolve } from './graph.ts';
import { Info } from './info.ts';
import { LevelRun } from './level-run.ts';
import { errorsOf } from './locate.ts';
import type { FieldPlan, PlanBody, Use } from './plan.ts';
import { refuse } from './refusal.ts';
import { sendRemote } from './remote-call.ts';
import { readAnswer } from './remote-result.ts';
import { Run } from './run.ts';

type Events = AsyncIterable<unknown>;

/** Opens a subscription's source and runs each of its events through what of `plan` may be had. */
export async function subscribePlan(
  input: ExecutionInput,
  plan: PlanBody,
  eventContext: () => unknown,
): Promise<AsyncGenerator<ExecutionResult, void, void> | ExecutionResult> {
  const execution = new Execution(input);
  const [root] = input.body.roots;
  const use = root ? execution.activation(root).outputs[0]?.[0] : undefined;
  if (!root || !use) {
    return { errors: [new GraphQLError('Must select a field of the subscription.')] };
  }
  let events: Events;
  try {
    events = await abortable(openSource(execution, use), input.signal);
  } catch (error) {
    if (input.signal?.aborted) throw error;
    return { errors: [locatedError(error, use.nodes, [use.key])] };
  }
  return answers(input, plan, use.field, events, eventContext);
}

async function openSource(execution: Execution, { field }: Use): Promise<Events> {
  const { place, remote } = field.group;
  const { graph, denied } = execution.body;
  if (graph.rules.denial(field.level.type.name, field.name, denied)) throw refuse(execution);
  if (remote) {
    return asEvents(await sendRemote(execution, place, remote, {}), field);
  }
  const derived = execution.body.graph.derived('Subscription', field.name);
  const subscribe = (derived?.subscribe ?? field.def?.subscribe) as Resolve | undefined;
  const level = new LevelRun(new Run(execution, () => {}), field.level, null, [place.rootValue]);
  const info = new Info(level, field, 0);
  const args = execution.args(field);
  const { rootValue } = place;
  if (!(await hold(field.checks, 0, rootValue, args, execution.context, info))) {
    throw refuse(execution);
  }
  const source: unknown = subscribe
    ? await subscribe(rootValue, args, execution.context, info)
    : (rootValue as Record<string, unknown> | undefined)?.[field.name];
  return asEvents(source, field);
}

function asEvents(source: unknown, { name }: FieldPlan): Events {
  if (source instanceof Error) throw source;
  if (typeof source === 'object' && source !== null) {
    if (Symbol.asyncIterator in source) return source as Events;
    const [error] = (source as { errors?: readonly GraphQLError[] }).errors ?? [];
    if (error) throw error;
  }
  throw new Error(
    `Subscription field must return Async Iterable. Received: ${source === undefined ? 'undefined' : typeof source} from "${name}".`,
  );
}

async function* answers(
  input: ExecutionInput,
  plan: PlanBody,
  field: FieldPlan,
  events: Events,
  eventContext: () => unknown,
): AsyncGenerator<ExecutionResult, void, void> {
  const iterator = events[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await abortable(iterator.next(), input.signal);
      if (done) return;
      const context = eventContext();
      // Asked anew: what may be seen can change while a subscription lives.
      const body = decide(plan, context);
      yield await answer({ ...input, body, context }, field, value);
    }
  } finally {
    void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

async function answer(
  input: ExecutionInput,
  field: FieldPlan,
  event: unknown,
): Promise<ExecutionResult> {
  const [root] = input.body.roots;
  let value = event;
  let faults: Execution['remoteFaults'] = null;
  if (field.group.remote) {
    const probe = new Execution(input);
    const { data, failure } = readAnswer(probe, event, field.group.place.name);
    if (data === null) return { errors: [locatedError(failure, field.node, [])], data: null };
    faults = probe.remoteFaults;
    value = data;
  }
  const execution = new Execution({ ...input, event: { value } });
  execution.remoteFaults = faults;
  if (!root) return { data: null };
  const level = await runLevel(execution, root, null);
  return resultOf(execution, buildRows(level, 0)[0] ?? null, errorsOf(level, 0, 0, []));
}

/** The promise, or the signal's reason as soon as it aborts. */
function abortable<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
