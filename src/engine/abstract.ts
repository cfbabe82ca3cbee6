import {
  type GraphQLAbstractType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isAbstractType,
  isObjectType,
} from 'graphql';
import { columnOf, Failure, isThenable } from './column.ts';
import type { MaybePromise } from './engine.ts';
import { Info } from './info.ts';
import type { LevelRun } from './level-run.ts';
import type { FieldPlan } from './plan.ts';
import { show } from './serialize.ts';

/** The concrete type of each item: its name, or a Failure. Waits once when types are promised. */
export function resolveTypes(
  level: LevelRun,
  field: FieldPlan,
  items: readonly unknown[],
  then: (types: readonly unknown[]) => void,
): void {
  const { place } = field.group;
  const { context } = level.run.execution;
  const own = place.schema.getType(field.named.name);
  let ask: (item: unknown) => unknown;
  if (place.executor) ask = (item) => (item as { __typename?: unknown }).__typename;
  else if (isAbstractType(own)) ask = abstractAsk(own, level, field, place.schema);
  else if (isObjectType(own)) {
    ask = (item) => {
      const is = own.isTypeOf?.(item, context, new Info(level, field, 0) as never);
      const decide = (yes: unknown) => (yes ? own.name : new Failure(notOfType(own, item)));
      return isThenable(is) ? is.then(decide) : decide(is);
    };
  } else ask = () => field.named.name;

  const types = columnOf(items.length);
  const promised: number[] = [];
  for (let item = 0; item < items.length; item++) {
    try {
      const type = ask(items[item]);
      if (isThenable(type)) promised.push(item);
      types[item] = type;
    } catch (error) {
      types[item] = new Failure(error);
    }
  }
  const failure = (error: unknown) => new Failure(error);
  const check = () => {
    const unsure = isAbstractType(field.named) ? checkTypes(level, field, items, types) : [];
    if (unsure.length === 0) then(types);
    else level.run.settle(types, unsure, failure, () => then(types));
  };
  if (promised.length === 0) check();
  else level.run.settle(types, promised, failure, check);
}

function abstractAsk(
  type: GraphQLAbstractType,
  level: LevelRun,
  field: FieldPlan,
  schema: GraphQLSchema,
): (item: unknown) => unknown {
  const { context } = level.run.execution;
  const resolveType = type.resolveType;
  const info = new Info(level, field, 0) as never;
  if (resolveType) return (item) => resolveType(item, context, info, type);
  return (item) => {
    const named = (item as { __typename?: unknown } | null)?.__typename;
    if (typeof item === 'object' && typeof named === 'string') return named;
    const promises: PromiseLike<string | undefined>[] = [];
    for (const possible of schema.getPossibleTypes(type)) {
      const is = possible.isTypeOf?.(item, context, info);
      if (isThenable(is)) promises.push(is.then((yes) => (yes ? possible.name : undefined)));
      else if (is) return possible.name;
    }
    if (promises.length === 0) return undefined;
    return Promise.all(promises).then((names) => names.find((name) => name !== undefined));
  };
}

/** Puts a Failure where a type may not be; gives the positions where that is only promised. */
function checkTypes(
  level: LevelRun,
  field: FieldPlan,
  items: readonly unknown[],
  types: unknown[],
): number[] {
  const { schema } = field.group.place;
  const graph = level.run.execution.body.graph.schema;
  const asked = new Set<GraphQLObjectType>();
  const unsure: number[] = [];
  for (let item = 0; item < types.length; item++) {
    const found = types[item];
    if (found instanceof Failure) continue;
    try {
      const problem = typeProblem(field, found, items[item], schema, graph, level, asked);
      if (isThenable(problem)) {
        unsure.push(item);
        types[item] = problem.then((one) => (one ? new Failure(one) : found));
      } else if (problem) types[item] = new Failure(problem);
    } catch (error) {
      types[item] = new Failure(error);
    }
  }
  return unsure;
}

function typeProblem(
  field: FieldPlan,
  found: unknown,
  value: unknown,
  schema: GraphQLSchema,
  graph: GraphQLSchema,
  level: LevelRun,
  known: Set<GraphQLObjectType>,
): MaybePromise<Error | null> {
  const abstract = field.named.name;
  if (found === null || found === undefined) {
    return new Error(
      `Abstract type "${abstract}" must resolve to an Object type at runtime for field "${field.coordinate}". Either the "${abstract}" type should provide a "resolveType" function or each possible type should provide an "isTypeOf" function.`,
    );
  }
  if (typeof found !== 'string') {
    if (isObjectType(found as never)) {
      return new Error(
        'Support for returning GraphQLObjectType from resolveType was removed in graphql-js@16.0.0 please return type name instead.',
      );
    }
    return new Error(
      `Abstract type "${abstract}" must resolve to an Object type at runtime for field "${field.coordinate}" with value ${show(value)}, received "${show(found)}".`,
    );
  }
  const type = graph.getType(found);
  if (type && known.has(type as GraphQLObjectType)) return null;
  if (!type || !schema.getType(found)) {
    return new Error(
      `Abstract type "${abstract}" was resolved to a type "${found}" that does not exist inside the schema.`,
    );
  }
  if (!isObjectType(type)) {
    return new Error(`Abstract type "${abstract}" was resolved to a non-object type "${found}".`);
  }
  if (!graph.isSubType(field.named as GraphQLAbstractType, type)) {
    return new Error(`Runtime Object type "${found}" is not a possible type for "${abstract}".`);
  }
  const own = schema.getType(found);
  if (
    isObjectType(own) &&
    own.isTypeOf &&
    !level.run.execution.body.graph.places[field.group.place.index]?.executor
  ) {
    const is = own.isTypeOf(value, level.run.execution.context, new Info(level, field, 0) as never);
    const problem = (yes: boolean) => (yes ? null : notOfType(own, value));
    return isThenable(is) ? is.then(problem) : problem(is);
  }
  known.add(type);
  return null;
}

function notOfType(type: GraphQLObjectType, value: unknown): Error {
  return new Error(`Expected value of type "${type.name}" but got: ${show(value)}.`);
}
