import { isThenable } from './column.ts';
import type { Execution } from './execution.ts';
import type { Place } from './graph.ts';
import { toExternal } from './input.ts';
import { printRemote } from './compile-remote.ts';
import type { FieldPlan, GroupPlan, LevelPlan, RemotePlan } from './plan.ts';
import { type RemoteAnswer, readAnswer } from './remote-result.ts';

/** Variants of a document that are kept; beyond, conditions go along as variables. */
const mostVariants = 16;

/** The document of a group as `@skip` and `@include` leave it, so that equal ones share a batch. */
export function remoteOf(
  execution: Execution,
  level: LevelPlan,
  group: GroupPlan,
): RemotePlan | null {
  const { remote } = group;
  if (!remote) return null;
  const active = (field: FieldPlan) =>
    execution.activation(field.level).fields[field.index] === true;
  let bits = '';
  for (const { source } of remote.variables) {
    if (source.kind === 'condition') bits += active(source.field) ? '1' : '0';
  }
  if (bits === '') return remote;
  let variant = remote.variants.get(bits);
  if (!variant) {
    if (remote.variants.size >= mostVariants) return remote;
    variant = printRemote(execution.body, level, group, active);
    remote.variants.set(bits, variant);
  }
  return variant;
}

/** The variables of a remote document: arguments of fields, keys of an entry, conditions. */
export function remoteVariables(
  execution: Execution,
  remote: RemotePlan,
  keyArgs: Record<string, unknown>,
): Record<string, unknown> {
  const variables: Record<string, unknown> = {};
  for (const { name, source } of remote.variables) {
    if (source.kind === 'key') {
      if (keyArgs[source.argument] !== undefined) variables[name] = keyArgs[source.argument];
    } else if (source.kind === 'condition') {
      const { field } = source;
      variables[name] = execution.activation(field.level).fields[field.index] === true;
    } else {
      const { field, argument } = source;
      const value = execution.args(field)[argument];
      const type = field.def?.args.find((one) => one.name === argument)?.type;
      if (value !== undefined && type) variables[name] = toExternal(type, value);
    }
  }
  return variables;
}

/** Sends one document. Everything that goes wrong comes back as the answer's failure. */
export function callRemote(
  execution: Execution,
  place: Place,
  remote: RemotePlan,
  keyArgs: Record<string, unknown>,
): RemoteAnswer | PromiseLike<RemoteAnswer> {
  try {
    const result: unknown = sendRemote(execution, place, remote, keyArgs);
    const read = (value: unknown) => readAnswer(execution, value, place.name);
    return isThenable(result) ? result.then(read, fail) : read(result);
  } catch (error) {
    return fail(error);
  }
}

export function sendRemote(
  execution: Execution,
  place: Place,
  remote: RemotePlan,
  keyArgs: Record<string, unknown>,
): unknown {
  const { context, signal, body } = execution;
  const [definition] = remote.document.definitions;
  const operationType = definition && 'operation' in definition ? definition.operation : 'query';
  return place.executor?.({
    document: remote.document,
    variables: remoteVariables(execution, remote, keyArgs),
    operationType: operationType as never,
    ...(body.operation.name ? { operationName: body.operation.name.value } : {}),
    context: context as never,
    rootValue: place.rootValue,
    ...(signal ? { signal } : {}),
    info: { signal } as never,
  });
}

const fail = (failure: unknown): RemoteAnswer => ({ data: null, failure });
