import type { ExecutionResult, Executor } from '@graphql-tools/utils';
import {
  type DocumentNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
} from 'graphql';
import { describePlace, placeOfCaller } from '../definition-place.ts';
import { BackendError, type BackendErrorCode, isBackendError } from '../error.ts';
import type { RequestContext } from '../request.ts';
import type { BackendAuth } from './authorization.ts';
import type { Backend, BackendPolicy, CallHints, GraphqlRequest } from './backend.ts';
import { type CallTarget, makeCall } from './call.ts';
import { checkDefinition } from './check-definition.ts';
import { graphqlTransport } from './graphql-transport.ts';
import { type BackendHeaders, outgoingHeaders } from './headers.ts';
import { effectivePolicy } from './policy.ts';
import { underPolicy } from './resilience/compose.ts';
import { type Setting, literal } from './setting.ts';
import type { TlsFiles } from './tls.ts';

export interface GraphqlBackendOptions {
  /** Named after the service; appears in errors, logs and metrics. */
  readonly name: string;
  /** Its GraphQL URLs, path included: `env('REVIEWS_URL', 'http://127.0.0.1:4106/graphql')`. */
  readonly endpoints: Setting | string;
  /** @default the defaults of `policy.ts` */
  readonly policy?: BackendPolicy;
  /** Sent with each call. @default none */
  readonly headers?: BackendHeaders;
  /** Which access tokens its calls carry: `{ audience: 'urn:travellers' }`. @default none */
  readonly auth?: BackendAuth;
  /** For endpoints with TLS. @default the system's authorities, no certificate of our own */
  readonly tls?: TlsFiles;
}

/** The calls of a GraphQL backend, bound to one operation. */
export interface GraphqlApi {
  /** The operation's data. Fails: BackendError when the answer has an error, with the first one's message. */
  query<Data = unknown>(
    document: string | DocumentNode,
    variables?: Readonly<Record<string, unknown>>,
  ): Promise<Data>;
  /** The operation's result, partial data and errors as they came. */
  execute(
    document: string | DocumentNode,
    variables?: Readonly<Record<string, unknown>>,
  ): Promise<RemoteResult>;
}

/** A result of the GraphQL over HTTP specification. */
export interface RemoteResult {
  readonly data?: unknown;
  readonly errors?: readonly RemoteError[];
}

export interface RemoteError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** Describes a remote GraphQL service over HTTP. Inert. */
export function defineGraphqlBackend(options: GraphqlBackendOptions): Backend<GraphqlApi> {
  checkDefinition(
    `${describePlace(placeOfCaller(defineGraphqlBackend))}: defineGraphqlBackend`,
    options,
    ['tls'],
  );
  const { name, policy = {} } = options;
  const effective = effectivePolicy({ name, kind: 'graphql', policy });
  const target: CallTarget = {
    name,
    policy: effective,
    ...(options.auth && { auth: options.auth }),
  };
  return {
    name,
    kind: 'graphql',
    endpoints: literal(options.endpoints),
    policy,
    ...(options.auth && { auth: options.auth }),
    api(context, hints) {
      const execute = (
        document: string | DocumentNode,
        variables?: Readonly<Record<string, unknown>>,
      ): Promise<RemoteResult> =>
        send(target, options.headers, context, hints, document, variables);
      return {
        execute,
        async query<Data>(
          document: string | DocumentNode,
          variables?: Readonly<Record<string, unknown>>,
        ) {
          const { data, errors } = await execute(document, variables);
          if (errors?.[0] !== undefined) throw remoteError(name, errors[0]);
          return data as Data; // the caller's word for what its document selects
        },
      };
    },
    connect: (endpoints) =>
      underPolicy({
        backend: name,
        endpoints,
        policy: effective,
        connect: (endpoint) => graphqlTransport(endpoint, effective, options.tls),
      }),
  };
}

/** Sends one document for an operation, or knows its answer. Fails: BackendError. */
export type RemoteExecute = (
  context: RequestContext,
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>> | undefined,
) => Promise<RemoteResult>;

/**
 * Runs delegated documents on a GraphQL backend: the executor of a remote subschema.
 *
 * An error of the remote keeps its path; its message and extensions stay in the `BackendError`
 * beneath it, for the log.
 *
 * @param execute how a document is sent; by default as it is, each time
 */
export function graphqlExecutor(
  backend: Backend<GraphqlApi>,
  execute: RemoteExecute = (context, document, variables) =>
    backend.api(context).execute(document, variables),
): Executor<RequestContext> {
  return async ({ context, document, variables }) => {
    if (context === undefined) {
      throw new Error(`backend "${backend.name}" is asked without a request context`);
    }
    try {
      const { data, errors } = await execute(
        context,
        document,
        variables as GraphqlRequest['variables'],
      ); // coerced by the caller's schema
      const result: ExecutionResult = { data };
      if (errors !== undefined && errors.length > 0) {
        result.errors = errors.map((error) => locatedError(backend.name, error));
      }
      return result;
    } catch (error) {
      if (!isBackendError(error)) throw error;
      return { data: null, errors: [new GraphQLError(error.message, { originalError: error })] };
    }
  };
}

async function send(
  target: CallTarget,
  ofBackend: BackendHeaders | undefined,
  context: RequestContext,
  hints: CallHints | undefined,
  document: string | DocumentNode,
  variables: Readonly<Record<string, unknown>> | undefined,
): Promise<RemoteResult> {
  const described = typeof document === 'string' ? parsed(document) : describe(document);
  const { text, keyword, operationName } = described;
  const request: GraphqlRequest = {
    kind: 'graphql',
    document: text,
    ...(operationName === undefined ? {} : { operationName }),
    ...(variables === undefined ? {} : { variables }),
  };
  const planned = {
    operation: `${keyword} ${operationName ?? 'unnamed'}`,
    idempotent: keyword === 'query',
    request,
    headers: outgoingHeaders(context, target.name, ofBackend, undefined),
  };
  const answer = await makeCall(context, target, planned, hints);
  return answer.value as RemoteResult; // the transport checks its shape
}

interface Described {
  readonly text: string;
  readonly keyword: string;
  readonly operationName: string | undefined;
}

const byDocument = new WeakMap<DocumentNode, Described>();
const byText = new Map<string, DocumentNode>();

function parsed(text: string): Described {
  let document = byText.get(text);
  if (document === undefined) {
    // Documents are constants of the program; whoever builds them anew each time pays for it.
    if (byText.size >= 1_000) byText.clear();
    byText.set(text, (document = parse(text, { noLocation: true })));
  }
  return describe(document);
}

function describe(document: DocumentNode): Described {
  let described = byDocument.get(document);
  if (described === undefined) {
    const operation = document.definitions.find(({ kind }) => kind === Kind.OPERATION_DEFINITION);
    const { operation: keyword = 'query', name } = (operation ??
      {}) as Partial<OperationDefinitionNode>;
    described = { text: print(document), keyword, operationName: name?.value };
    byDocument.set(document, described);
  }
  return described;
}

// What a remote may say about its caller's input; everything else is a bad answer.
const passedOn: ReadonlySet<unknown> = new Set<BackendErrorCode>([
  'BAD_USER_INPUT',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'RATE_LIMITED',
]);

function remoteError(backend: string, error: RemoteError): BackendError {
  const said = error.extensions?.['code'];
  return new BackendError({
    code: passedOn.has(said) ? (said as BackendErrorCode) : 'UPSTREAM_BAD_RESPONSE',
    backend,
    message: `${backend} answered with an error: ${error.message}`,
    cause: error,
  });
}

function locatedError(backend: string, error: RemoteError): GraphQLError {
  const originalError = remoteError(backend, error);
  return new GraphQLError(originalError.message, { path: error.path ?? null, originalError });
}
