import {
  type ExecutionResult,
  execute,
  type GraphQLError,
  type GraphQLSchema,
  parse,
  validate,
} from 'graphql';
import { stitchSchemas } from '@graphql-tools/stitch';
import { expect } from 'vitest';
import { createEngine } from '../../../src/engine/engine.ts';

export interface Asked {
  readonly variables?: Record<string, unknown>;
  readonly operationName?: string;
  readonly context?: object;
  readonly rootValue?: unknown;
  /** Whether the engine gets what stitching makes of the schema, with types of its own. @default false */
  readonly stitched?: boolean;
}

/**
 * The answer of the engine to an operation, which has to be that of graphql-js: data with its
 * members in the same order, errors with their messages, paths and locations. They are in the same
 * order too where graphql-js does not wait; where it does, time decides over its order.
 */
export async function agree(
  schema: GraphQLSchema,
  source: string,
  { variables = {}, operationName, context = {}, rootValue, stitched = false }: Asked = {},
): Promise<ExecutionResult> {
  const document = parse(source);
  const invalid = validate(schema, document);
  const executed =
    invalid.length > 0
      ? { errors: invalid }
      : execute({
          schema,
          document,
          variableValues: variables,
          contextValue: context,
          rootValue,
          operationName,
        });
  const theirs = await executed;
  const subschemas = [{ schema, rootValue }];
  const graph = stitched ? stitchSchemas({ subschemas }) : schema;
  const engine = createEngine({ schema: graph, subschemas });
  const plan = engine.prepare(source, operationName);
  const ours =
    'errors' in plan
      ? plan
      : ((await engine.execute(plan, { variables, context })) as ExecutionResult);
  const inTime = executed instanceof Promise;
  expect(shown(ours.errors, inTime), source).toEqual(shown(theirs.errors, inTime));
  expect(JSON.stringify(dataOf(ours)), source).toBe(JSON.stringify(dataOf(theirs)));
  return ours;
}

const dataOf = (result: ExecutionResult) => ('data' in result ? result.data : 'none');

function shown(errors: readonly GraphQLError[] = [], inTime: boolean) {
  const all = errors.map(({ message, path, locations }) =>
    JSON.stringify({ path, message, locations }),
  );
  return inTime ? all.toSorted() : all;
}
