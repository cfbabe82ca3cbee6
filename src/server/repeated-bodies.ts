import { LRUCache } from 'lru-cache';
import type { OperationRequest } from './admission/admission.ts';
import type { HttpRefusal } from './http-refusal.ts';
import { isHttpRefusal, operationInBody } from './request-body.ts';

/** Longer bodies are read anew each time, in UTF-16 units: those that repeat name an operation, or are one. */
const longestKept = 8 * 1024;

/** A text and what it parses to, by estimate in bytes for each of its units. */
const bytesAUnit = 6;

/**
 * Operations by the text of their body, up to 4 MiB by estimate: an app sends few different ones,
 * and each is parsed and checked once. Their documents then stay the same strings, hashed once.
 * Bodies with lists or objects as variables are not kept: resolvers may be handed those as they are.
 */
export class RepeatedBodies {
  readonly #kept = new LRUCache<string, OperationRequest>({
    maxSize: 4 * 1024 * 1024,
    sizeCalculation: (_, text) => 512 + text.length * bytesAUnit,
  });

  /** The operation in a JSON body, not to be changed, or what is wrong with it. */
  operationIn(text: string): OperationRequest | HttpRefusal {
    if (text.length > longestKept) return operationInBody(text);
    const known = this.#kept.get(text);
    if (known !== undefined) return known;
    const operation = operationInBody(text);
    if (!isHttpRefusal(operation) && isPlain(operation.variables)) {
      this.#kept.set(text, operation);
    }
    return operation;
  }
}

/** Whether nothing in the variables can be changed by whoever is handed one of them. */
function isPlain(variables: OperationRequest['variables']): boolean {
  return Object.values(variables ?? {}).every(
    (value) => typeof value !== 'object' || value === null,
  );
}
