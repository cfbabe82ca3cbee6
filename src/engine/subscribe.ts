import { type ExecutionResult, GraphQLError, locatedError } from 'graphql';
import { hold } from './check-parents.ts';
import { decide } from './decide.ts';
import type { MaybePromise } from './engine.ts';
import { runToText } from './execute.ts';
import { Execution, type ExecutionInput } from './execution.ts';
import type { Resolve } from './graph.ts';
import { Info } from './info.ts';
import { LevelRun } from './level-run.ts';
import type { FieldPlan, PlanBody, Use } from './plan.ts';
import { refuse } from './refusal.ts';
import { sendRemote } from './remote-call.ts';
import { readAnswer } from './remote-result.ts';
import { Run } from './run.ts';
import type { JsonText } from './text.ts';

type Events = AsyncIterable<unknown>;

/** What a subscription hears, and what answers it. */
export interface Subscribed {
  readonly events: Events;
  /**
   * One event as a response body; with errors it is the result itself. What of the plan may
   * be had is asked of this context anew: it can change while a subscription lives. At once where
   * nothing in it waits. Rejects with the signal's reason.
   */
  answer(event: unknown, inputs: EventInputs): MaybePromise<JsonText | ExecutionResult>;
}

/** What one event is answered with. */
export interface EventInputs {
  readonly context: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** Opens a subscription's source. */
export async function subscribePlan(
  input: ExecutionInput,
  plan: PlanBody,
): Promise<Subscribed | ExecutionResult> {
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
  return {
    events,
    answer: (event, { context, signal }) =>
      answer({ ...input, body: decide(plan, context), context, signal }, use.field, event),
  };
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

function answer(
  input: ExecutionInput,
  field: FieldPlan,
  event: unknown,
): MaybePromise<JsonText | ExecutionResult> {
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
  return runToText(execution);
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
