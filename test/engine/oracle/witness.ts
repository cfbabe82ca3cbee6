import {
  type ExecutionArgs,
  executeSync,
  type GraphQLError,
  type GraphQLOutputType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { errorText } from './compare.ts';
import type { Built } from './schemas.ts';

/** Tells of an error below a carried null whether it is true. */
export interface Witness {
  /** Whether the field at the error's path fails, and so. */
  happened(error: GraphQLError): boolean;
  /** Whether a null at the error's path goes all the way up to a place of this length. */
  carries(error: GraphQLError, placeLength: number): boolean;
}

/** Asks the world again, with nothing carried up; only once it is needed. */
export function createWitness(
  { plain, loose }: Built,
  source: string,
  input: Omit<ExecutionArgs, 'schema'>,
): Witness {
  // Fields of worlds and aliases of operations have names of their own: a key tells its field.
  const fields = new Map<string, GraphQLOutputType>();
  for (const type of Object.values(plain.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) fields.set(field.name, field.type);
  }
  const aliases = new Map(
    [...source.matchAll(/(\w+): (\w+)/g)].map(([, key, name]) => [key, name]),
  );
  const nameOf = (key: string) => aliases.get(key) ?? key;

  /** The type of what is at each step of a path. */
  const typesAlong = (path: readonly (string | number)[]) => {
    let type: GraphQLOutputType | undefined;
    return path.map((key) => {
      if (typeof key === 'string') type = fields.get(nameOf(key));
      else {
        const list = isNonNullType(type) ? type.ofType : type;
        type = isListType(list) ? list.ofType : undefined;
      }
      return type;
    });
  };

  let known: { readonly texts: ReadonlySet<string>; readonly data: unknown } | null = null;
  const ask = () => {
    const { data, errors = [] } = executeSync({ ...input, schema: loose() });
    return { texts: new Set(errors.map(errorText)), data };
  };
  return {
    happened(error) {
      known ??= ask();
      if (known.texts.has(errorText(error))) return true;
      const path = error.path ?? [];
      const key = path.findLast((one) => typeof one === 'string') ?? '';
      const coordinate = new RegExp(
        `^Cannot return null for non-nullable field \\w+\\.${nameOf(key)}\\.$`,
      );
      if (!coordinate.test(error.message) || !isNonNullType(typesAlong(path).at(-1))) return false;
      let value: unknown = known.data;
      for (const one of path) value = (value as Record<string | number, unknown> | null)?.[one];
      return (
        value === null && ![...known.texts].some((text) => text.startsWith(`${path.join('.')}: `))
      );
    },
    carries: ({ path = [] }, placeLength) =>
      typesAlong(path).slice(placeLength).every(isNonNullType),
  };
}
