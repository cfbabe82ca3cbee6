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
import { type CostOf, compileCost } from './cost.ts';
import { checkFieldCosts } from './field-cost.ts';
import { introspects, type Measures, measureDocument } from './measure.ts';
import type { RegisteredOperation } from './registered-operations.ts';

/** What every transport hands in, whatever its wire. */
export interface OperationRequest {
  /** Empty when only an id names the operation. */
  readonly query: string;
  /** The id of a registered operation; what it stands for runs, whatever `query` says. */
  readonly documentId?: string | null;
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
  /** Whether it is one of a released version of the app; null when none is on file. */
  readonly registered: boolean | null;
  /** What a request of it costs, by its variables. */
  readonly cost: CostOf;
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
  /** Whether only registered operations run. */
  readonly persistedOnly: boolean;
}

/**
 * The one gate to the engine: registered text, tokens, measures, validation, plan, in this order.
 * What it admits is remembered with its plan, up to 32 MiB by estimate, and a large one only once it
 * is asked for again; what it refuses is not.
 */
export function createAdmission<Plan>(
  composed: Pick<Composed<Plan>, 'engine' | 'limits' | 'clientSchema' | 'registered'>,
  options: AdmissionOptions,
): Admit<Plan> {
  const { registered } = composed;
  const { persistedOnly } = options;
  const admitted = new LRUCache<string, Kept<Plan>>({ maxSize: cacheLimitBytes });
  const seenOnce = new LRUCache<string, true>({
    maxSize: seenLimitBytes,
    sizeCalculation: (_, key) => key.length * 2,
  });
  const admitText = createTextAdmission(composed, options);
  checkFieldCosts(composed.clientSchema);

  return ({ query, documentId, operationName }, requestId) => {
    // Empty is no name, as in a query string.
    const name = operationName || null;
    const known = documentId ? registered.find(documentId) : undefined;
    if (!known && (persistedOnly || query === '')) {
      return notRegistered(documentId ?? null, query, requestId, options);
    }
    const text = known ? known.id : query;
    // A text alone is its own key, hashed once however often it is sent. What else may have the same
    // key, such as a text that begins with a name, is told apart by what was kept.
    const key = name === null ? text : `${name}\0${text}`;
    const before = admitted.get(key);
    if (before?.text === text && before.name === name && before.known === known) {
      return before.admission;
    }
    const source = known?.source ?? query;
    const result = admitText(source, name, requestId);
    if (isRefused(result)) return result;
    const { selections, ...rest } = result;
    const isRegistered = known !== undefined || registered.has(source);
    const admission = { ...rest, registered: registered.count === 0 ? null : isRegistered };
    const size = estimatedBytes(source, selections);
    if (size <= smallBytes || admission.registered || seenOnce.has(key)) {
      admitted.set(key, { admission, text, name, known }, { size });
    } else seenOnce.set(key, true);
    return admission;
  };
}

/** What was admitted, and as what. */
interface Kept<Plan> {
  readonly admission: Admitted<Plan>;
  /** The document's, or its id. */
  readonly text: string;
  readonly name: string | null;
  readonly known: RegisteredOperation | undefined;
}

/** Room for texts that were seen once, in bytes. */
const seenLimitBytes = 4 * 1024 * 1024;

function createTextAdmission<Plan>(
  { engine, limits, clientSchema }: Pick<Composed<Plan>, 'engine' | 'limits' | 'clientSchema'>,
  { environment, introspection }: AdmissionOptions,
) {
  return (
    source: string,
    operationName: string | null,
    requestId: string,
  ): (Omit<Admitted<Plan>, 'registered'> & Pick<Measures, 'selections'>) | Refused => {
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
      document = parse(source, { maxTokens: limits.tokens });
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      if (!isTokenError(error)) return refuse('GRAPHQL_PARSE_FAILED', [error]);
      return refuse('COST_LIMIT_EXCEEDED', [tooMuch('tokens', 'more', limits, environment)], false);
    }

    const measures = measureDocument(document);
    const exceeded = limitExceeded(measures, limits);
    if (exceeded) {
      const [limit, count] = exceeded;
      return refuse('COST_LIMIT_EXCEEDED', [tooMuch(limit, count, limits, environment)], false);
    }

    if (!introspection && introspects(document)) {
      return refuse('FORBIDDEN', [new GraphQLError('This server does not describe its schema.')]);
    }

    const operation = getOperationAST(document, operationName);
    if (!operation) {
      return refuse('GRAPHQL_VALIDATION_FAILED', [whichOperation(document, operationName)]);
    }

    const prepared = engine.prepare(document, operationName);
    if (isFailure(prepared)) return refuse('GRAPHQL_VALIDATION_FAILED', prepared.errors);
    return {
      plan: prepared as Plan, // a guard on a type parameter does not narrow its other side
      type: operation.operation,
      name: operation.name?.value ?? null,
      inParts: /@(?:defer|stream)\b/.test(source),
      cost: compileCost(clientSchema, document, operation, limits),
      selections: measures.selections,
    };
  };
}

const cacheLimitBytes = 32 * 1024 * 1024;
/** Larger ones, by the same estimate, are kept once they repeat. */
const smallBytes = 64 * 1024;

/** What a plan keeps alive: text, syntax tree, levels and fields. */
function estimatedBytes(source: string, selections: number): number {
  return 4_096 + source.length * 60 + selections * 2_500;
}

/** An id that is not on file, or text where only ids are taken. */
function notRegistered(
  documentId: string | null,
  query: string,
  requestId: string,
  { environment, persistedOnly }: AdmissionOptions,
): Refused {
  // Apollo's clients answer that sentence by sending the text, which only helps where text runs.
  const message = persistedOnly
    ? documentId === null
      ? 'Only registered operations run here; name one by its id, as documentId.'
      : 'No operation is registered under this id.'
    : documentId === null
      ? 'The parameter "query" is empty.'
      : 'PersistedQueryNotFound';
  const code: ErrorCode =
    !persistedOnly && documentId === null && query === ''
      ? 'GRAPHQL_PARSE_FAILED'
      : 'PERSISTED_ONLY';
  const error = maskRequestError(new GraphQLError(message), code, { requestId, environment });
  return { errors: [error], status: 400, wellFormed: !persistedOnly };
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
