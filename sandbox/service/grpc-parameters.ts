import { status } from '@grpc/grpc-js';
import { GrpcError } from './grpc-server.ts';
import { decodePageToken } from './page-token.ts';

/** A request that the contract does not allow. */
export function invalidArgument(details: string): GrpcError {
  return new GrpcError(status.INVALID_ARGUMENT, details);
}

/** A number within its range; 0, which is also what an absent field reads as, is the default. */
export function readSize(
  name: string,
  value: number,
  range: { readonly max: number; readonly fallback: number },
): number {
  if (value === 0) return range.fallback;
  if (value >= 1 && value <= range.max) return value;
  throw invalidArgument(`${name} has to be from 1 to ${range.max}, but is ${value}`);
}

/** How many rows to pass over: 0 to 100. */
export function readSkip(value: number): number {
  if (value >= 0 && value <= 100) return value;
  throw invalidArgument(`skip has to be from 0 to 100, but is ${value}`);
}

/** The values without repetitions. */
export function readBatch(name: string, values: readonly string[], maxItems: number): string[] {
  if (values.length <= maxItems) return [...new Set(values)];
  throw invalidArgument(
    `${name} has ${values.length} values; at most ${maxItems} can be asked for at once`,
  );
}

/** A field that has to be there. */
export function readRequired(name: string, value: string): string {
  if (value !== '') return value;
  throw invalidArgument(`${name} is missing`);
}

/** The sort key to go on after; null for the first page. */
export function readPageToken(
  scope: string,
  token: string,
  types: readonly ('string' | 'number')[],
): (string | number)[] | null {
  if (token === '') return null;
  const after = decodePageToken(scope, token, types);
  if (after) return after;
  throw invalidArgument(
    'page_token is not one that this list has answered; pass next_page_token as it came',
  );
}
