import { isThenable } from './column.ts';
import type { Execution } from './execution.ts';
import type { Place } from './graph.ts';
import { toExternal } from './input.ts';
import type { RemotePlan } from './plan.ts';
import { type RemoteAnswer, readAnswer } from './remote-result.ts';

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
