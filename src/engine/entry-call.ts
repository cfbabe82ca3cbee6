import { type FieldNode, type GraphQLResolveInfo, Kind } from 'graphql';
import { Failure, isThenable } from './column.ts';
import type { Execution } from './execution.ts';
import type { Entry, Resolve } from './graph.ts';
import { coerceEntryArgs } from './input.ts';
import type { Entity } from './merges.ts';
import type { RemotePlan } from './plan.ts';
import { callRemote } from './remote-call.ts';
import { type RemoteAnswer, RemoteFault } from './remote-result.ts';

/** What an entry gave: a value per entity, or one failure for all. */
export interface EntryAnswer {
  readonly failed: Failure | null;
  readonly values: readonly unknown[];
}

/** Calls an entry for some entities; it never throws, its failures are values. */
export function callEntry(
  execution: Execution,
  entry: Entry,
  remote: RemotePlan | null,
  batch: readonly Entity[],
): EntryAnswer | PromiseLike<EntryAnswer> {
  try {
    const [first] = batch;
    const keys = batch.map(({ key }) => key);
    const raw: Record<string, unknown> = entry.argsFromKeys
      ? entry.argsFromKeys(keys)
      : (entry.args?.(first?.source) ?? {});
    if (remote) {
      const answer = callRemote(execution, entry.place, remote, raw);
      const take = (found: RemoteAnswer) => fromRemote(execution, entry, remote, found, keys);
      return isThenable(answer) ? answer.then(take) : take(answer);
    }
    const result = callRoot(execution, entry, raw);
    const take = (value: unknown) => spread(entry, value, keys);
    return isThenable(result) ? result.then(take, failAll) : take(result);
  } catch (error) {
    return failAll(error);
  }
}

function callRoot(execution: Execution, entry: Entry, raw: Record<string, unknown>): unknown {
  const { field, place } = entry;
  const args = coerceEntryArgs(field, raw);
  const info = entry.readsInfo ? entryInfo(execution, entry) : undefined;
  if (field.resolve) {
    return (field.resolve as Resolve)(place.rootValue, args, execution.context, info);
  }
  const value = (place.rootValue as Record<string, unknown> | undefined)?.[field.name];
  return typeof value === 'function'
    ? (value as (...values: unknown[]) => unknown).call(
        place.rootValue,
        args,
        execution.context,
        info,
      )
    : value;
}

function fromRemote(
  execution: Execution,
  entry: Entry,
  remote: RemotePlan,
  { data, failure }: RemoteAnswer,
  keys: readonly unknown[],
): EntryAnswer | PromiseLike<EntryAnswer> {
  if (data === null) return failAll(failure);
  const faults = execution.remoteFaults;
  const value = data[remote.rootKey];
  if (value === null || value === undefined) {
    const fault = faults?.at(data, remote.rootKey);
    return fault ? failAll(withoutPath(fault.error)) : spread(entry, value, keys);
  }
  if (!faults || !Array.isArray(value)) return spread(entry, value, keys);
  const marked = value.map((one: unknown, index) => {
    const fault = one === null ? faults.at(value, index) : undefined;
    return fault ?? one;
  });
  return spread(entry, marked, keys);
}

/** The path of an entry's error says nothing to a client. */
function withoutPath(error: unknown): unknown {
  return error instanceof RemoteFault ? new RemoteFault(error.error, []) : error;
}

function spread(
  entry: Entry,
  value: unknown,
  keys: readonly unknown[],
): EntryAnswer | PromiseLike<EntryAnswer> {
  if (value instanceof Error) return failAll(value);
  if (!entry.list) return { failed: null, values: [value] };
  let values: readonly unknown[];
  try {
    const chosen: unknown = entry.valuesFromResults ? entry.valuesFromResults(value, keys) : value;
    if (chosen === null || chosen === undefined) values = [];
    else if (Array.isArray(chosen)) values = chosen;
    else if (typeof chosen === 'object' && Symbol.iterator in chosen) {
      values = [...(chosen as Iterable<unknown>)];
    } else {
      const { name, fieldName } = { name: entry.place.name, fieldName: entry.fieldName };
      const got = typeof chosen;
      throw new Error(
        `${name}: Query.${fieldName} must return a list, one per key, but got ${got}`,
      );
    }
  } catch (error) {
    return failAll(error);
  }
  if (!values.some(isThenable)) return { failed: null, values };
  return Promise.allSettled(values).then((settled) => ({
    failed: null,
    values: settled.map((one) =>
      one.status === 'fulfilled' ? one.value : new Failure(one.reason),
    ),
  }));
}

const failAll = (error: unknown): EntryAnswer => ({ failed: new Failure(error), values: [] });

function entryInfo(execution: Execution, { place, field }: Entry): Partial<GraphQLResolveInfo> {
  const node: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: field.name } };
  const parentType = place.schema.getQueryType();
  return {
    fieldName: field.name,
    fieldNodes: [node],
    returnType: field.type,
    ...(parentType ? { parentType } : {}),
    path: { prev: undefined, key: field.name, typename: parentType?.name },
    schema: place.schema,
    fragments: {},
    rootValue: place.rootValue,
    operation: execution.body.operation,
    variableValues: {},
  };
}
