/**
 * The type of what a selection set picks from an object type, worked out from its text:
 *
 *     Select<Graph['Flight'], '{ delayMinutes to: destination { city } }'>
 *     // { delayMinutes: number; to: { city: string } | null }
 *
 * Understands names, aliases, arguments and nesting. A fragment makes the whole selection
 * `unknown`. A name that the type does not have becomes a sentence, so that its use fails to
 * compile; whether it exists is checked again when the bff is composed.
 */
export type Select<Type, Text extends string> =
  Trim<Text> extends `{${infer Rest}`
    ? Fields<Type, Trim<Rest>, unknown> extends [infer Selected, string]
      ? Simplify<Selected>
      : unknown
    : unknown;

/** What is given up on. */
type Untyped = ['untyped'];

type Fields<Type, Text extends string, Selected> = Text extends `}${infer Rest}`
  ? [Selected, Rest]
  : Text extends `...${string}`
    ? Untyped
    : TakeName<Text> extends [infer First extends string, infer Rest extends string]
      ? First extends ''
        ? Untyped
        : Trim<Rest> extends `:${infer Aliased}`
          ? TakeName<Trim<Aliased>> extends [infer Name extends string, infer Rest extends string]
            ? Field<Type, First, Name, SkipArguments<Trim<Rest>>, Selected>
            : Untyped
          : Field<Type, First, First, SkipArguments<Trim<Rest>>, Selected>
      : Untyped;

type Field<
  Type,
  Key extends string,
  Name extends string,
  Text extends string,
  Selected,
> = Text extends `{${infer Rest}`
  ? Fields<ObjectIn<Value<Type, Name>>, Trim<Rest>, unknown> extends [
      infer Nested,
      infer Rest extends string,
    ]
    ? Fields<
        Type,
        Trim<Rest>,
        Selected & { readonly [K in Key]: Wrapped<Value<Type, Name>, Simplify<Nested>> }
      >
    : Untyped
  : Fields<Type, Text, Selected & { readonly [K in Key]: Value<Type, Name> }>;

type Value<Type, Name extends string> = Name extends keyof Type
  ? Type[Name]
  : Name extends '__typename'
    ? string
    : `there is no field ${Name} here`;

/** The object type inside lists and null. */
type ObjectIn<V> = NonNullable<V> extends readonly (infer Item)[] ? ObjectIn<Item> : NonNullable<V>;

/** `Nested` in the lists and null of `V`. */
type Wrapped<V, Nested> = V extends null | undefined
  ? null
  : V extends readonly (infer Item)[]
    ? readonly Wrapped<Item, Nested>[]
    : Nested;

type SkipArguments<Text extends string> = Text extends `(${string})${infer Rest}`
  ? Trim<Rest>
  : Text;

type Trim<Text extends string> = Text extends `${' ' | '\n' | '\t' | ','}${infer Rest}`
  ? Trim<Rest>
  : Text;

type TakeName<
  Text extends string,
  Taken extends string = '',
> = Text extends `${infer Character}${infer Rest}`
  ? Character extends NameCharacter
    ? TakeName<Rest, `${Taken}${Character}`>
    : [Taken, Text]
  : [Taken, ''];

type Simplify<T> = { [K in keyof T]: T[K] };

// biome-ignore format: an alphabet reads best on a few lines
type NameCharacter =
  | 'a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'g' | 'h' | 'i' | 'j' | 'k' | 'l' | 'm'
  | 'n' | 'o' | 'p' | 'q' | 'r' | 's' | 't' | 'u' | 'v' | 'w' | 'x' | 'y' | 'z'
  | 'A' | 'B' | 'C' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M'
  | 'N' | 'O' | 'P' | 'Q' | 'R' | 'S' | 'T' | 'U' | 'V' | 'W' | 'X' | 'Y' | 'Z'
  | '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | '_';
