import { createHash } from 'node:crypto';
import { GraphQLError } from 'graphql';
import type { RequestContext } from '../../request.ts';
import { SchemaBreach, validated } from '../standard-schema.ts';
import type { JobDefinition } from './define-job.ts';

const maxKeyLength = 128;

/** The input as its schema makes it. Fails: GraphQLError BAD_USER_INPUT. */
export async function readInput(definition: JobDefinition, given: unknown): Promise<unknown> {
  try {
    return await validated(`the input of "${definition.name}"`, definition.input, given);
  } catch (error) {
    if (!(error instanceof SchemaBreach)) throw error;
    throw refusal('BAD_USER_INPUT', `The input is refused: ${error.issues.join('; ')}.`);
  }
}

/**
 * What a key is unique in: its viewer and what they ask for; null without a key.
 *
 * Fails: GraphQLError UNAUTHENTICATED for nobody, BAD_USER_INPUT for one that is too long.
 */
export function scopeOf(
  { name }: JobDefinition,
  { viewer }: RequestContext,
  key: string | null | undefined,
): string | null {
  if (key === null || key === undefined) return null;
  if (viewer === null) throw refusal('UNAUTHENTICATED', 'Log in to use an idempotency key.');
  if (key.length < 1 || key.length > maxKeyLength) {
    throw refusal(
      'BAD_USER_INPUT',
      `An idempotency key has 1 to ${maxKeyLength} characters, and this one ${key.length}.`,
    );
  }
  return JSON.stringify([viewer.subject, name, key]);
}

/** What a client is told. */
export function refusal(code: string, message: string, retryable = false): GraphQLError {
  return new GraphQLError(message, { extensions: { code, retryable } });
}

/** Of what the input says, in whatever order its fields came. */
export function hashOf(input: unknown): string {
  const text = JSON.stringify(input, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash('sha256')
    .update(text ?? '')
    .digest('base64url');
}
