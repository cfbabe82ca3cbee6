/** What is read of a Pothos builder after it failed. */
interface FailedBuilder {
  readonly configStore?: {
    readonly typeConfigs?: ReadonlyMap<string, { readonly name: string }>;
    readonly implementors?: ReadonlyMap<string, { onField?: (each: OnField) => void }>;
  };
}

type OnField = (name: string, field: FieldOfType) => void;

interface FieldOfType {
  getConfig(
    name: string,
    typeConfig: unknown,
  ): {
    readonly type?: unknown;
    readonly args?: Readonly<Record<string, { readonly type?: unknown }>>;
  };
}

/**
 * The first field of a type that nobody made, such as `Airport.delay`; null when it cannot be told.
 * `message` is what Pothos said: it has the type's name, and not the field's.
 */
export function fieldOfUnmadeType(builder: object, message: string): string | null {
  const { typeConfigs, implementors } = (builder as FailedBuilder).configStore ?? {};
  const [, missing] = /^(?:Ref )?(\S+) has not been implemented/.exec(message) ?? [];
  let found: string | null = null;
  try {
    for (const [typeName, ref] of implementors ?? []) {
      ref.onField?.((name, field) => {
        found ??= isUnmade(field, name, typeConfigs?.get(typeName)) ? `${typeName}.${name}` : null;
      });
    }
  } catch {
    // Fields are described a second time here, which those of connections may refuse.
  }
  return found;

  function isUnmade(field: FieldOfType, name: string, typeConfig: unknown): boolean {
    try {
      const { type, args = {} } = field.getConfig(name, typeConfig);
      const refs = [type, ...Object.values(args).map((argument) => argument.type)];
      return refs.some((ref) => namedBy(ref) === missing);
    } catch (error) {
      return error instanceof Error && error.message === message;
    }
  }
}

/** How Pothos names a type, through all its lists. */
function namedBy(type: unknown): string | null {
  const { type: item, ref } = (type ?? {}) as { type?: unknown; ref?: unknown };
  return item === undefined ? String(ref) : namedBy(item);
}
