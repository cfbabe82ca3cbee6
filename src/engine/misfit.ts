import { type FieldNode, GraphQLError } from 'graphql';
import { BackendError } from '../error.ts';
import type { FieldPlan } from './plan.ts';

/** An error of a value that a backend gave and that is not what the contract says. */
export class Misfit {
  readonly #field: FieldPlan;
  readonly #error: Error;

  constructor(field: FieldPlan, error: Error) {
    this.#field = field;
    this.#error = error;
  }

  /** Reads as graphql-js has it; what it started with is the backend's. */
  toClientError(nodes: readonly FieldNode[], path: readonly (string | number)[]): GraphQLError {
    const { message } = this.#error;
    return new GraphQLError(message, {
      nodes,
      path,
      originalError: new BackendError({
        code: 'UPSTREAM_BAD_RESPONSE',
        // A subschema is named after the backend that answers it.
        backend: this.#field.group.place.name,
        message: `${this.#field.coordinate}: ${message}`,
        cause: this.#error,
      }),
    });
  }
}

/**
 * What to tell of a value that does not fit its field's type: the backend's error where the value
 * is as the backend gave it, and ours where a resolver made it.
 */
export function misfit(field: FieldPlan, error: unknown): unknown {
  const { kind } = field.step;
  const asGiven = (kind === 'property' || kind === 'remote') && !field.group.place.gateway;
  return asGiven && error instanceof Error ? new Misfit(field, error) : error;
}
