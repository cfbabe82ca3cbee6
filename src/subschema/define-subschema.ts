import type { SubschemaConfig } from '@graphql-tools/delegate';
import type { Executor } from '@graphql-tools/utils';
import type { GraphQLSchema } from 'graphql';
import type { Backend } from '../backend/backend.ts';
import { type GraphqlApi, graphqlExecutor } from '../backend/graphql-backend.ts';
import type { Topic } from '../events/define-topic.ts';
import type { JobDefinition } from '../events/jobs/define-job.ts';
import type { EventDefinitions } from '../events/live-events.ts';
import type { WebhookSource } from '../events/webhooks/define-webhook-source.ts';
import type { BatchCache } from '../load/batch.ts';
import { cacheOptionNames } from '../load/batch-plan.ts';
import { refuseUnknown, shown } from '../refuse-unknown.ts';
import type { RequestContext } from '../request.ts';
import { type DefinitionPlace, describePlace, placeOfCaller } from '../definition-place.ts';
import { type CoordinateScopes, withScopes } from './coordinate-scopes.ts';
import { buildError } from './build-error.ts';
import { keptReads } from './kept-reads.ts';
import { lowerMerge, type MergeOptions } from './merge-keys.ts';

/** What a Pothos builder is built with. */
interface SchemaOptions {
  readonly disableScopeAuth?: boolean;
}

export interface SubschemaOptions {
  /** The backend behind every field of this subschema. */
  readonly backend: Backend;
  /**
   * A Pothos builder with the types of this subschema, or a schema made some other way. Of a
   * GraphQL backend: the schema of its contract, `buildSchema(readFileSync(…))`; its resolvers
   * are not used.
   */
  readonly builder: { toSchema(options?: SchemaOptions): GraphQLSchema } | GraphQLSchema;
  /** How types that other subschemas also have are joined, by type name. @default none */
  readonly merge?: Readonly<Record<string, MergeOptions>>;
  /**
   * Who may read what, by coordinate, where `builder` is no Pothos builder, whose types and fields
   * say it themselves: `{ 'Query.orders': { scope: 'orders.read' } }`. @default nothing more
   */
  readonly authScopes?: CoordinateScopes;
  /**
   * What may be kept of a GraphQL service's answers, each query as a whole; its `Cache-Control` can
   * shorten it, and `invalidate(context, ['<backend>'])` or a mutation of the service drops it. A read
   * that several operations may wait for has the backend's `timeoutMs`, whatever `policy.operations`
   * says. Other backends say it in each batch. @default nothing
   */
  readonly cache?: BatchCache;
  /** What happens in this part of the graph, and drops what it makes stale. @default none */
  readonly topics?: readonly Topic[];
  /** Slow work that its mutations leave behind. @default none */
  readonly jobs?: readonly JobDefinition[];
  /** Who may tell it by HTTP what happened. @default nobody */
  readonly webhooks?: readonly WebhookSource[];
}

/** A part of the graph, served by one backend. Inert: it can be shared by any number of bffs. */
export interface Subschema {
  /** The backend's name. */
  readonly name: string;
  readonly backend: Backend;
  readonly place: DefinitionPlace | null;
  /** Built on first use. */
  readonly schema: GraphQLSchema;
  readonly merge: Readonly<Record<string, MergeOptions>>;
  /** Sends its documents; undefined where its own resolvers answer. */
  readonly executor: Executor<RequestContext> | undefined;
  readonly events: EventDefinitions;
}

/**
 * Describes a subschema: a backend, the types it serves, and the keys that join them to others.
 * Merge keys and entries are checked when a bff is composed.
 * Fails: Error with the nearest name for an option that there is not; TypeError for `cache` where the backend is no GraphQL service, or where it is public and the
 * service is asked with viewers' tokens.
 */
export function defineSubschema(options: SubschemaOptions): Subschema {
  let schema: GraphQLSchema | undefined;
  const place = placeOfCaller(defineSubschema);
  checkOptions(options, describePlace(place));
  return {
    name: options.backend.name,
    backend: options.backend,
    place,
    merge: options.merge ?? {},
    executor: executorOf(options, place),
    events: {
      topics: options.topics ?? [],
      jobs: options.jobs ?? [],
      webhooks: options.webhooks ?? [],
    },
    get schema() {
      schema ??= schemaOf(options, place);
      return schema;
    },
  };
}

const optionNames = [
  'backend',
  'builder',
  'merge',
  'authScopes',
  'cache',
  'topics',
  'jobs',
  'webhooks',
] as const satisfies (keyof SubschemaOptions)[];

function checkOptions(options: SubschemaOptions, at: string): void {
  refuseUnknown(`${at}: defineSubschema`, options, optionNames);
  // From JavaScript it may be anything.
  const { backend, builder, merge, cache } = options as Partial<SubschemaOptions>;
  if (typeof backend?.api !== 'function') {
    throw new Error(
      `${at}: defineSubschema: backend must be what defineRestBackend or its like returns, but got: ${shown(backend)}`,
    );
  }
  if (typeof builder !== 'object') {
    throw new Error(
      `${at}: the "${backend.name}" subschema: builder must be a Pothos builder or a schema, but got: ${shown(builder)}`,
    );
  }
  for (const [typeName, how] of Object.entries(merge ?? {})) {
    refuseUnknown(`${at}: merge.${typeName}`, how, ['key', 'entry']);
  }
  refuseUnknown(`${at}: the cache of "${backend.name}"`, cache ?? {}, cacheOptionNames);
}

function executorOf(
  { backend, cache }: SubschemaOptions,
  place: DefinitionPlace | null,
): Executor<RequestContext> | undefined {
  if (backend.kind === 'graphql') {
    const service = backend as Backend<GraphqlApi>;
    const keeps = cache !== undefined && cache.scope !== 'none';
    if (keeps && cache.scope === 'public' && backend.auth) {
      throw new TypeError(
        `${describePlace(place)}: the "${backend.name}" subschema's cache is public, but "${backend.name}" is asked with viewers' tokens (auth), so that its answers are theirs; write scope: 'viewer'`,
      );
    }
    return graphqlExecutor(service, keeps ? keptReads(service, cache) : undefined);
  }
  if (cache === undefined) return undefined;
  throw new TypeError(
    `${describePlace(place)}: the "${backend.name}" subschema has a cache, which only a GraphQL service's has; say it in each defineBatch of "${backend.name}"`,
  );
}

function schemaOf(
  { backend, builder, authScopes = {} }: SubschemaOptions,
  place: DefinitionPlace | null,
): GraphQLSchema {
  const at = `${describePlace(place)}: the "${backend.name}" subschema`;
  if (!('toSchema' in builder)) return withScopes(builder, authScopes, at);
  try {
    // The engine keeps the rules that the schema declares, without a wrapped resolver a row.
    return withScopes(builder.toSchema({ disableScopeAuth: true }), authScopes, at);
  } catch (error) {
    throw buildError(builder, at, error);
  }
}

/** The configuration that `stitchSchemas` and the engine take, with `schema` in place of the subschema's own. */
export function subschemaConfig(
  subschema: Subschema,
  schema: GraphQLSchema,
  merge = subschema.merge,
): SubschemaConfig {
  const { name, executor } = subschema;
  const config = { name, schema, merge: lowerMerge(subschema, schema, merge) };
  return executor === undefined ? config : { ...config, executor };
}

/** Whether a GraphQL service answers it, so that names and defaults are not ours to change. */
export function isRemote(subschema: Subschema): boolean {
  return subschema.backend.kind === 'graphql';
}
