import { didYouMean } from '../nearest-name.ts';

/** Why a builder made no schema, at the place where it was asked to. */
export function buildError(at: string, error: unknown): Error {
  // These have the line of the developer's own code that they were thrown in.
  if (error instanceof TypeError || error instanceof ReferenceError) return error;
  const said = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && /^[^\s:]+:\d+: /.test(said)) return error;
  const message = said.endsWith('.') ? said.slice(0, -1) : said;
  const root = /ObjectRef<(Mutation|Subscription)>/.exec(message)?.[1];
  if (root !== undefined) {
    return new Error(
      `${at}: it has fields of ${root} but no such type; add builder.${root.toLowerCase()}Type({})`,
      { cause: error },
    );
  }
  const [, name] = /^(?:Ref )?(\w+) has not been implemented/.exec(message) ?? [];
  const hint = name ? didYouMean(name, scalars) : '';
  return new Error(`${at}: ${message}.${hint}`, { cause: error });
}

const scalars = ['String', 'Int', 'Float', 'Boolean', 'ID', 'DateTime'];
