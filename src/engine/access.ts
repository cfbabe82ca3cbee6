import type { MaybePromise } from './engine.ts';

/**
 * A condition on who asks. It is decided once for an operation, or for an event of a subscription,
 * before anything is fetched.
 */
export interface AccessRule {
  /** As its declaration reads: `scope: "bookings.read"`. */
  readonly name: string;
  holds(context: unknown): boolean;
}

/** A condition on a parent object too: decided for each of them, before the field is run. */
export type ParentCheck = (
  parent: unknown,
  args: Record<string, unknown>,
  context: unknown,
  info: unknown,
) => MaybePromise<boolean>;

/** What answers in place of a field that a rule denies. */
export type Instead = (
  parent: unknown,
  args: Record<string, unknown>,
  context: unknown,
  info: unknown,
  error: Error,
) => unknown;

/** What is declared for one field of an object type; what interfaces declare for it included. */
export interface FieldAccess {
  readonly rules: readonly AccessRule[];
  readonly checks: readonly ParentCheck[];
  readonly instead: Instead | null;
}

/**
 * Who may read what. All rules that touch a field must hold: those of its own, of its type and of
 * the type that it gives; of what a derived field needs; of the keys by which a merged field is
 * found.
 */
export interface Access {
  /** What is declared for all fields of a type, by any subschema that has it. */
  ofType(typeName: string): readonly AccessRule[];
  ofField(typeName: string, fieldName: string): FieldAccess | undefined;
  /** The error of a denied field. */
  refusal(context: unknown): Error;
}

export const noAccess: Access = {
  ofType: () => [],
  ofField: () => undefined,
  refusal: () => new Error('Not allowed.'),
};

/** What answers in place of a denied field, where its declaration says so. */
export function insteadOf(
  access: Access,
  typeName: string,
  { name, derived }: { readonly name: string; readonly derived: unknown },
): Instead | null {
  return derived ? null : (access.ofField(typeName, name)?.instead ?? null);
}
