import type { SubschemaConfig } from '@graphql-tools/delegate';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { stitchSchemas } from '@graphql-tools/stitch';
import type { ExecutionResult, GraphQLError } from 'graphql';
import {
  createEngine,
  type Engine,
  type EngineOptions,
  type Inputs,
} from '../../../src/engine/engine.ts';

/** An executable schema: SDL and its resolvers. */
export function schemaOf(typeDefs: string, resolvers: Record<string, unknown> = {}) {
  return makeExecutableSchema({ typeDefs, resolvers: resolvers as never });
}

/** An engine over some subschemas, and over what the gateway adds to them. */
export function engineOf(
  subschemas: readonly SubschemaConfig[],
  gateway: { typeDefs?: string; resolvers?: Record<string, unknown> } = {},
  options: Partial<EngineOptions> = {},
): Engine {
  const { typeDefs, resolvers = {} } = gateway;
  const schema = stitchSchemas({
    subschemas: [...subschemas],
    ...(typeDefs ? { typeDefs, resolvers: resolvers as never } : {}),
  });
  return createEngine({ schema, subschemas, resolvers, ...options });
}

/** Runs an operation that has one result; a refusal is a result with errors only. */
export async function run(
  engine: Engine,
  source: string,
  inputs: Inputs = {},
): Promise<ExecutionResult> {
  const plan = engine.prepare(source);
  if ('errors' in plan) return plan;
  return (await engine.execute(plan, { context: {}, ...inputs })) as ExecutionResult;
}

/** Path and message of each error, as text, sorted. */
export function errorTexts(errors: readonly GraphQLError[] | undefined): string[] {
  return (errors ?? []).map(({ path, message }) => `${(path ?? []).join('.')}: ${message}`).sort();
}

/** The batched entry of a merged type whose key is `id`. */
export const byId = (fieldName: string) => ({
  selectionSet: '{ id }',
  fieldName,
  key: ({ id }: { id: unknown }) => id,
  argsFromKeys: (ids: readonly unknown[]) => ({ ids }),
});
