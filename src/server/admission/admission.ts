import {
  type DocumentNode,
  GraphQLError,
  getOperationAST,
  type OperationTypeNode,
  parse,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { ErrorCode } from '../../error.ts';
import type { Composed } from '../composed.ts';
import type { DocumentLimit, Limits } from '../../limits.ts';
import { type Environment, maskRequestError } from '../mask.ts';
import { introspects, type Measures, measureDocument } from './measure.ts';

/** What every transport hands in, whatever its wire. */
export interface OperationRequest {
  readonly query: string;
  readonly operationName?: string | null;
  readonly variables?: Readonly<Record<string, unknown>> | null;
  readonly extensions?: Readonly<Record<string, unknown>> | null;
}

/** An operation that may run, planned. */
export interface Admitted<Plan> {
  readonly plan: Plan;
  readonly type: OperationTypeNode;
  readonly name: string | null;
  /** Whether it may be answered in parts: it has `@defer` or `@stream`. */
  readonly inParts: boolean;
}

/** An operation that may not run, as its client is told. */
export interface Refused {
  readonly errors: readonly GraphQLError[];
  readonly status: number;
  /** Whether `application/json` gives it HTTP 200, as GraphQL over HTTP asks for document errors. */
  readonly wellFormed: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Admit<Plan> = (
  request: OperationRequest,
  requestId: string,
) => Admitted<Plan> | Refused;

export function isRefused(admission: object): admission is Refused {
  return 'errors' in admission;
}

export interface AdmissionOptions {
  readonly environment: Environment;
  /** Whether operations may ask for the schema. */
  readonly introspection: boolean;
}

/**
 * The one gate to the engine: tokens, measures, validation, plan, in this order. What it admits is
 * remembered, up to 16 MiB by estimate; what it refuses is not.
 */
export function createAdmission<Plan>(
  { engine, limits }: Pick<Composed<Plan>, 'engine' | 'limits'>,
  { environment, introspection }: AdmissionOptions,
): Admit<Plan> {
  const admitted = new LRUCache<string, Admitted<Plan>>({ maxSize: cacheLimitBytes });

  return (request, requestId) => {
    const key = `${request.operationName ?? ''}\n${request.query}`;
    const known = admitted.get(key);
    if (known) return known;
    const refuse = (
      code: ErrorCode,
      errors: readonly GraphQLError[],
      wellFormed = true,
    ): Refused => ({
      errors: (environment === 'production' ? errors.slice(0, 1) : errors).map((error) =>
        maskRequestError(error, code, { requestId, environment }),
      ),
      status: 400,
      wellFormed,
    });

    let document: DocumentNode;
    try {
      document = parse(request.query, { maxTokens: limits.tokens });
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      if (!isTokenError(error)) return refuse('GRAPHQL_PARSE_FAILED', [error]);
      return refuse('COST_LIMIT_EXCEEDED', [tooMuch('tokens', 'more', limits, environment)], false);
    }

    const exceeded = limitExceeded(measureDocument(document), limits);
    if (exceeded) {
      const [limit, count] = exceeded;
      return refuse('COST_LIMIT_EXCEEDED', [tooMuch(limit, count, limits, environment)], false);
    }

    if (!introspection && introspects(document)) {
      return refuse('FORBIDDEN', [new GraphQLError('This server does not describe its schema.')]);
    }

    const operation = getOperationAST(document, request.operationName);
    if (!operation) {
      return refuse('GRAPHQL_VALIDATION_FAILED', [whichOperation(document, request.operationName)]);
    }

    const prepared = engine.prepare(document, request.operationName);
    if (isFailure(prepared)) return refuse('GRAPHQL_VALIDATION_FAILED', prepared.errors);
    const admission = {
      plan: prepared as Plan, // a guard on a type parameter does not narrow its other side
      type: operation.operation,
      name: operation.name?.value ?? null,
      inParts: /@(?:defer|stream)\b/.test(request.query),
    };
    admitted.set(key, admission, { size: estimatedBytes(request.query) });
    return admission;
  };
}

const cacheLimitBytes = 16 * 1024 * 1024;

/** A parsed and planned document holds about 64 bytes a character of its source. */
function estimatedBytes(source: string): number {
  return 1024 + source.length * 64;
}

const documentLimits: readonly DocumentLimit[] = [
  'depth',
  'selections',
  'aliases',
  'rootFields',
  'directives',
];

function limitExceeded(measures: Measures, limits: Limits): [DocumentLimit, number] | undefined {
  const limit = documentLimits.find((limit) => measures[limit] > limits[limit]);
  return limit && [limit, measures[limit]];
}

const limitNouns: Readonly<Record<DocumentLimit | 'tokens', string>> = {
  tokens: 'tokens',
  depth: 'levels of fields',
  selections: 'selections with its fragments written out',
  aliases: 'aliases',
  rootFields: 'root fields',
  directives: 'directives',
};

function tooMuch(
  limit: DocumentLimit | 'tokens',
  count: number | 'more',
  limits: Limits,
  environment: Environment,
): GraphQLError {
  if (environment === 'production') return new GraphQLError('This operation asks for too much.');
  const found = count === 'more' ? `more than ${limits[limit]}` : String(count);
  return new GraphQLError(
    `This operation has ${found} ${limitNouns[limit]}; the limit "${limit}" is ${limits[limit]}.`,
  );
}

/** graphql-js has no code for it; the sentence is checked by a test. */
function isTokenError(error: GraphQLError): boolean {
  return /^Syntax Error: Document contains more tha[nt] \d+ tokens/.test(error.message);
}

function isFailure(plan: unknown): plan is { errors: readonly GraphQLError[] } {
  return typeof plan === 'object' && plan !== null && 'errors' in plan;
}

function whichOperation(document: DocumentNode, name: string | null | undefined): GraphQLError {
  const names = document.definitions.flatMap((definition) =>
    definition.kind === 'OperationDefinition' ? [definition.name?.value ?? '(unnamed)'] : [],
  );
  if (names.length === 0) return new GraphQLError('The document has no operation to run.');
  if (name) {
    return new GraphQLError(
      `The document has no operation "${name}"; it has ${names.slice(0, 5).join(', ')}.`,
    );
  }
  return new GraphQLError(
    `The document has ${names.length} operations; "operationName" must say which one to run.`,
  );
}
