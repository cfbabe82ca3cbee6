import {
  type FieldKind,
  type FieldNullability,
  type InputFieldMap,
  type InputShapeFromFields,
  type MaybePromise,
  type ObjectParam,
  RootFieldBuilder,
  type SchemaTypes,
  type ShapeFromTypeParam,
  type TypeParam,
} from '@pothos/core';
import { describePlace, placeOfCaller } from '../definition-place.ts';
import { refuseUnknown, shown } from '../refuse-unknown.ts';
import type { RequestContext } from '../request.ts';
import { fieldOptionNames } from './field-options.ts';

/** The column form of a batch: values for many keys at once, in the order asked. */
export interface ColumnLoader<Key, Value, Args> {
  load(context: RequestContext, key: Key, args: Args): MaybePromise<Value | null>;
  loadMany(
    context: RequestContext,
    keys: readonly Key[],
    args: Args,
  ): MaybePromise<readonly (Value | null | Error)[]>;
}

declare global {
  export namespace PothosSchemaTypes {
    export interface RootFieldBuilder<
      Types extends SchemaTypes,
      ParentShape,
      Kind extends FieldKind = FieldKind,
    > {
      /**
       * A field that one batch answers for all parents of a layer. `key` says which key a parent
       * stands for (null: no value); the field's arguments reach the batch as they are.
       */
      batch: <
        Type extends TypeParam<Types>,
        Key,
        Args extends InputFieldMap = Record<never, never>,
        Nullable extends FieldNullability<Type> = Types['DefaultFieldNullability'],
      >(
        options: Omit<
          ObjectFieldOptions<Types, ParentShape, Type, Nullable, Args, unknown>,
          'resolve'
        > & {
          batch: ColumnLoader<
            Key,
            NonNullable<ShapeFromTypeParam<Types, Type, Nullable>>,
            InputShapeFromFields<Args>
          >;
          key: (parent: ParentShape) => Key | null;
        },
      ) => FieldRef<Types, ShapeFromTypeParam<Types, Type, Nullable>, Kind>;
      /**
       * The root field behind a merge: objects for a list of ids, in the order asked, null for a
       * gap. An Error in the list fails its own object. Name it with a leading `_`.
       */
      entry: <Type extends ObjectParam<Types>>(options: {
        type: Type;
        /** The argument's name: `iatas` makes it `(iatas: [ID!]!)`. */
        keys: string;
        load: (
          keys: readonly string[],
          context: Types['Context'],
        ) => MaybePromise<readonly (ShapeFromTypeParam<Types, Type, false> | null | Error)[]>;
      }) => FieldRef<Types, unknown, Kind>;
    }
  }
}

interface AnyBatchOptions {
  readonly batch: ColumnLoader<unknown, unknown, unknown>;
  readonly key: (parent: unknown) => unknown;
  readonly extensions?: Record<string, unknown>;
}

const prototype = RootFieldBuilder.prototype as unknown as {
  field(options: object): unknown;
  readonly arg: { idList(options: { required: true }): unknown };
  batch(options: AnyBatchOptions): unknown;
  entry(options: AnyEntryOptions): unknown;
};

interface AnyEntryOptions {
  readonly type: unknown;
  readonly keys: string;
  readonly load: (keys: unknown, context: unknown) => unknown;
}

prototype.entry = function entry(options) {
  const at = `${describePlace(placeOfCaller(prototype.entry))}: t.entry`;
  refuseUnknown(at, options, ['type', 'keys', 'load']);
  const { type, keys, load } = options;
  expect(isName(keys), `${at}: keys must be the argument's name, such as 'ids'`, keys);
  expect(typeof load === 'function', `${at}: load must be a function`, load);
  return this.field({
    type: [type],
    nullable: { list: false, items: true },
    args: { [keys]: this.arg.idList({ required: true }) },
    resolve: (_: unknown, args: Record<string, unknown>, context: unknown) =>
      load(args[keys], context),
  });
};

prototype.batch = function batch(given) {
  const at = `${describePlace(placeOfCaller(prototype.batch))}: t.batch`;
  refuseUnknown(at, given, ['batch', 'key', 'args', 'nullable', ...fieldOptionNames]);
  const { batch, key, ...options } = given;
  expect(isBatch(batch), `${at}: batch must be what defineBatch returns`, batch);
  expect(typeof key === 'function', `${at}: key must be a function of the parent`, key);
  return this.field({
    ...options,
    resolve: (parent: unknown, args: unknown, context: RequestContext) => {
      const of = key(parent);
      return of === null || of === undefined ? null : batch.load(context, of, args);
    },
    extensions: { ...options.extensions, tailorbird: { column: columnOf(batch, key) } },
  });
};

function expect(holds: boolean, rule: string, value: unknown): void {
  if (!holds) throw new Error(`${rule}, but got: ${shown(value)}`);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && /^[_A-Za-z]\w*$/.test(value);
}

function isBatch(value: unknown): boolean {
  const { load, loadMany } = (value ?? {}) as Partial<ColumnLoader<unknown, unknown, unknown>>;
  return typeof load === 'function' && typeof loadMany === 'function';
}

/** One call for a whole layer; parents without a key are left out of it. */
function columnOf(
  batch: ColumnLoader<unknown, unknown, unknown>,
  key: (parent: unknown) => unknown,
) {
  return (parents: readonly unknown[], args: unknown, context: RequestContext) => {
    const keys: unknown[] = [];
    const positions: number[] = [];
    for (const [position, parent] of parents.entries()) {
      const of = key(parent);
      if (of === null || of === undefined) continue;
      keys.push(of);
      positions.push(position);
    }
    const values = keys.length === 0 ? [] : batch.loadMany(context, keys, args);
    if (keys.length === parents.length) return values;
    return 'then' in values ? values.then(spread) : spread(values);

    function spread(found: readonly unknown[]): unknown[] {
      const column: unknown[] = parents.map(() => null);
      for (const [index, position] of positions.entries()) column[position] = found[index];
      return column;
    }
  };
}
