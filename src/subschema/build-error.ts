import { RootFieldBuilder } from '@pothos/core';
import { didYouMean } from '../nearest-name.ts';
import { methodNames, withNearestMethod } from './missing-method.ts';
import { fieldOfUnmadeType } from './unmade-types.ts';

/**
 * Why a builder made no schema, at the place where it was asked to; `atField` says it where the field
 * is known that the trouble is with, such as `Airport.delay`.
 */
export function buildError(
  builder: object,
  at: string,
  error: unknown,
  atField: (field: string) => string = (field) => `${at}: ${field}`,
): Error {
  // These have the line of the developer's own code that they were thrown in.
  if (error instanceof TypeError || error instanceof ReferenceError) {
    return withNearestMethod(error, methodNames(RootFieldBuilder.prototype)) as Error;
  }
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
  const [, ref, name] =
    /^(?:Ref )?(?:(\w+<\w+>)|(\w+)) has not been implemented/.exec(message) ?? [];
  const field = ref || name ? fieldOfUnmadeType(builder, said) : null;
  const hint = ref ? ' Import the file that implements it.' : name ? didYouMean(name, scalars) : '';
  return new Error(`${field === null ? at : atField(field)}: ${message}.${hint}`, { cause: error });
}

const scalars = ['String', 'Int', 'Float', 'Boolean', 'ID', 'DateTime'];
