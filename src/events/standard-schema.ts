/**
 * The part of Standard Schema 1 (https://standardschema.dev) that is used here: zod, valibot,
 * arktype and others have it, so that none of them is a dependency.
 */
export interface StandardSchema<Output = unknown, Input = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Validated<Output> | Promise<Validated<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

type Validated<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly Issue[] };

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a value that breaks its schema is refused with: where, and what was expected. */
export class SchemaBreach extends Error {
  override readonly name = 'SchemaBreach';
  readonly issues: readonly string[];

  constructor(what: string, issues: readonly Issue[]) {
    const lines = issues.slice(0, 5).map(describe);
    super(`${what} breaks its schema: ${lines.join('; ')}`);
    this.issues = lines;
  }
}

/** The value as its schema makes it. Fails: SchemaBreach that names `what`. */
export async function validated<Output>(
  what: string,
  schema: StandardSchema<Output>,
  value: unknown,
): Promise<Output> {
  const result = await schema['~standard'].validate(value);
  if (result.issues) throw new SchemaBreach(what, result.issues);
  return result.value;
}

function describe({ message, path = [] }: Issue): string {
  const place = path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.');
  return place === '' ? message : `${place}: ${message}`;
}
