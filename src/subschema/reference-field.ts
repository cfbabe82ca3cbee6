import {
  type FieldKind,
  type ObjectParam,
  RootFieldBuilder,
  type SchemaTypes,
  type ShapeFromTypeParam,
} from '@pothos/core';

import { describePlace, placeOfCaller } from '../definition-place.ts';
import { refuseUnknown } from '../refuse-unknown.ts';
import { fieldOptionNames } from './field-options.ts';

declare global {
  export namespace PothosSchemaTypes {
    export interface RootFieldBuilder<
      Types extends SchemaTypes,
      ParentShape,
      Kind extends FieldKind = FieldKind,
    > {
      /**
       * An entity of another subschema, which this backend knows by its key alone: the object
       * `{ [key]: parent[property] }`, or null where the property is null or missing. Parents with
       * equal values share one object, so declare it rather than write the resolver.
       */
      reference: <
        Type extends ObjectParam<Types>,
        Key extends keyof ShapeFromTypeParam<Types, Type, false> & string,
      >(
        property: ReferenceProperty<ParentShape, ShapeFromTypeParam<Types, Type, false>[Key]>,
        options: Omit<
          ObjectFieldOptions<Types, ParentShape, Type, true, Record<never, never>, unknown>,
          'resolve' | 'nullable' | 'args'
        > & { key: Key },
      ) => FieldRef<Types, ShapeFromTypeParam<Types, Type, true>, Kind>;
    }
  }
}

/** The properties of a parent that may hold a key. */
type ReferenceProperty<Parent, Key> = {
  [Name in keyof Parent & string]: Parent[Name] extends Key | null | undefined ? Name : never;
}[keyof Parent & string];

interface AnyReferenceOptions {
  readonly key: string;
  readonly extensions?: Record<string, unknown>;
}

const prototype = RootFieldBuilder.prototype as unknown as {
  field(options: object): unknown;
  reference(property: string, options: AnyReferenceOptions): unknown;
};

prototype.reference = function reference(property, given) {
  const at = `${describePlace(placeOfCaller(prototype.reference))}: t.reference('${property}')`;
  refuseUnknown(at, given, ['key', ...fieldOptionNames]);
  const { key, ...options } = given;
  if (typeof key !== 'string') {
    throw new Error(`${at} must say its key, the field that identifies what it refers to`);
  }
  return this.field({
    ...options,
    resolve: (parent: Record<string, unknown>) => {
      const value = parent[property];
      return value === null || value === undefined ? null : { [key]: value };
    },
    extensions: { ...options.extensions, tailorbird: { reference: { property, key } } },
  });
};
