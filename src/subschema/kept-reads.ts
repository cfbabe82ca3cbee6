import { createHash } from 'node:crypto';
import { type DocumentNode, Kind, print } from 'graphql';
import type { Backend } from '../backend/backend.ts';
import { frozen } from '../backend/parsed-bodies.ts';
import { factsOf } from '../backend/wire-failure.ts';
import { isBackendError } from '../error.ts';
import type { GraphqlApi, RemoteExecute, RemoteResult } from '../backend/graphql-backend.ts';
import type { BatchCache } from '../load/batch.ts';
import { invalidate } from '../load/caches.ts';
import { defineBatch } from '../load/define-batch.ts';
import { stableText } from '../load/stable-text.ts';

interface Read {
  readonly document: DocumentNode;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Asks a GraphQL service, and keeps its answers to queries: each as a whole, by its document and
 * variables, whatever the client calls its operation. Those with errors are never kept. All have the
 * backend's name as their tag, and a mutation of this service drops it.
 */
export function keptReads(backend: Backend<GraphqlApi>, cache: BatchCache): RemoteExecute {
  const reads = defineBatch(backend, {
    name: `${backend.name} reads`,
    load: async (asked: readonly Read[], api) =>
      Promise.all(
        asked.map(async (read) => ({
          read,
          result: await api.execute(read.document, read.variables),
        })),
      ),
    keyOf: ({ read }) => read,
    keyToString: ({ document, variables }) =>
      `${digestOf(document)} ${variables === undefined ? '' : stableText(variables)}`,
    value: ({ result }): RemoteResult | Error =>
      isWhole(result) ? frozen(result) : new IncompleteAnswer(result),
    maxBatchSize: 1,
    cache,
    tags: () => [backend.name],
  });
  return async (context, document, variables) => {
    const operation = operationOf(document);
    if (operation === 'subscription') return backend.api(context).execute(document, variables);
    if (operation === 'mutation') {
      let changed = true;
      try {
        return await backend.api(context).execute(document, variables);
      } catch (error) {
        changed = !wasNotSent(error);
        throw error;
      } finally {
        if (changed) await invalidate(context, [backend.name]);
      }
    }
    try {
      return (await reads.load(context, { document, variables })) ?? {};
    } catch (error) {
      if (error instanceof IncompleteAnswer) return error.result;
      throw error;
    }
  };
}

/** An answer with errors: a failure to whoever keeps values, and an answer to who asked. */
class IncompleteAnswer extends Error {
  readonly result: RemoteResult;

  constructor(result: RemoteResult) {
    super(result.errors?.[0]?.message ?? 'the answer has no data');
    this.result = result;
  }
}

function isWhole({ data, errors }: RemoteResult): boolean {
  return data !== null && data !== undefined && (errors ?? []).length === 0;
}

function operationOf(document: DocumentNode): string | undefined {
  return document.definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION)?.operation;
}

/** Nothing has changed then. */
function wasNotSent(error: unknown): boolean {
  if (factsOf(error).unsent) return true;
  return (
    isBackendError(error) && (error.code === 'CIRCUIT_OPEN' || error.code === 'UPSTREAM_OVERLOADED')
  );
}

const digests = new WeakMap<DocumentNode, string>();

/** The same for the same selection in every instance. */
function digestOf(document: DocumentNode): string {
  let digest = digests.get(document);
  if (digest === undefined) {
    digest = createHash('sha256')
      .update(print(nameless(document)))
      .digest('base64url')
      .slice(0, 22);
    digests.set(document, digest);
  }
  return digest;
}

function nameless(document: DocumentNode): DocumentNode {
  return {
    ...document,
    definitions: document.definitions.map((one) =>
      one.kind === Kind.OPERATION_DEFINITION ? { ...one, name: undefined } : one,
    ),
  };
}
