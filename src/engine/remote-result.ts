import { GraphQLError } from 'graphql';
import { Failure } from './column.ts';
import type { Execution } from './execution.ts';

/** An error of a remote answer, and what of its path lies below the null that it explains. */
export class RemoteFault {
  readonly error: GraphQLError;
  readonly rest: readonly (string | number)[];
  /** Further errors below the same null: only one of them carried it up. */
  readonly others: RemoteFault[] = [];
  /** Told of a field that could not be asked for, since what failed beside its key took the key along. */
  readonly beside: boolean;
  constructor(error: GraphQLError, rest: readonly (string | number)[], beside = false) {
    this.error = error;
    this.rest = rest;
    this.beside = beside;
  }
}

/** Errors of remote answers by the object or list that holds the null. */
export class RemoteFaults {
  readonly #faults = new Map<unknown, Map<string | number, Failure>>();

  at(holder: unknown, key: string | number): Failure | undefined {
    return this.#faults.get(holder)?.get(key);
  }

  /** Puts the errors of a column of properties where its nulls are. */
  read(rows: readonly unknown[], key: string, raw: unknown[]): void {
    for (let row = 0; row < rows.length; row++) {
      if (raw[row] === null || raw[row] === undefined) {
        const fault = this.at(rows[row], key);
        if (fault) raw[row] = fault;
      }
    }
  }

  add(holder: unknown, key: string | number, fault: RemoteFault): void {
    let faults = this.#faults.get(holder);
    if (!faults) this.#faults.set(holder, (faults = new Map()));
    const known = faults.get(key);
    if (known) (known.error as RemoteFault).others.push(fault);
    else faults.set(key, new Failure(fault));
  }
}

export interface RemoteAnswer {
  readonly data: Record<string, unknown> | null;
  /** Set when nothing can be read of it. */
  readonly failure: unknown;
}

/** Reads a remote answer: files each error under the null that it explains. */
export function readAnswer(execution: Execution, result: unknown, place: string): RemoteAnswer {
  if (typeof result !== 'object' || result === null) {
    const got = result === null ? 'null' : typeof result;
    return {
      data: null,
      failure: new Error(`${place}: expected a GraphQL answer, but got ${got}`),
    };
  }
  const { data, errors } = result as { data?: unknown; errors?: readonly unknown[] };
  const known = (errors ?? []).map(toGraphQLError);
  if (typeof data !== 'object' || data === null) {
    const [first] = known;
    const failure =
      first === undefined
        ? new Error(`${place}: its answer has no data and no errors`)
        : new RemoteFault(first, []);
    return { data: null, failure };
  }
  for (const error of known) file(execution, data, error);
  return { data: data as Record<string, unknown>, failure: undefined };
}

function file(execution: Execution, data: object, error: GraphQLError): void {
  const path = error.path ?? [];
  let holder: unknown = data;
  for (let at = 0; at < path.length; at++) {
    const key = path[at] as string | number;
    const next = (holder as Record<string | number, unknown>)[key];
    if (next === null || next === undefined) {
      execution.remoteFaults ??= new RemoteFaults();
      execution.remoteFaults.add(holder, key, new RemoteFault(error, path.slice(at + 1)));
      return;
    }
    if (typeof next !== 'object') break;
    holder = next;
  }
  const nulls = Object.entries(data).filter(([, value]) => value === null);
  if (nulls.length > 0 && path.length === 0) {
    execution.remoteFaults ??= new RemoteFaults();
    for (const [key] of nulls) execution.remoteFaults.add(data, key, new RemoteFault(error, []));
    return;
  }
  execution.looseErrors.push(
    new GraphQLError(error.message, { originalError: error, extensions: error.extensions }),
  );
}

function toGraphQLError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const { message, path, extensions } = (error ?? {}) as {
    message?: unknown;
    path?: unknown;
    extensions?: unknown;
  };
  return new GraphQLError(typeof message === 'string' ? message : 'An unknown error occurred.', {
    path: Array.isArray(path) ? (path as (string | number)[]) : null,
    extensions:
      typeof extensions === 'object' && extensions !== null
        ? (extensions as Record<string, unknown>)
        : null,
    ...(error instanceof Error ? { originalError: error } : {}),
  });
}
