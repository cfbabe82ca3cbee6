import type { ExecutionResult, GraphQLError } from 'graphql';

/** What came first, and what is still to come, as `multipart/mixed; deferSpec=20220824` has it. */
export interface IncrementalExecution {
  readonly initialResult: ExecutionResult & { readonly hasNext: true };
  readonly subsequentResults: AsyncGenerator<SubsequentResult, void, void>;
}

export interface SubsequentResult {
  readonly incremental?: readonly IncrementalPart[];
  readonly hasNext: boolean;
}

export interface IncrementalPart {
  readonly path: readonly (string | number)[];
  readonly label?: string;
  readonly data?: Record<string, unknown> | null;
  readonly items?: readonly unknown[] | null;
  readonly errors?: readonly GraphQLError[];
}
