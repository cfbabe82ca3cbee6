import SchemaBuilder, {
  type ArgBuilder,
  type FieldNullability,
  type FieldRef,
  type InputFieldMap,
  type InputShapeFromFields,
  type MaybePromise,
  type ObjectRef,
  type ShapeFromTypeParam,
  type TypeParam,
} from '@pothos/core';
import ScopeAuthPlugin, { type FieldAuthScopes } from '@pothos/plugin-scope-auth';
import { type DefinitionPlace, describePlace, placeOfCaller } from '../definition-place.ts';
import { refuseUnknown, shown } from '../refuse-unknown.ts';
import type { RequestContext } from '../request.ts';
import { type HouseAuth, scopeAuthOptions } from '../subschema/auth-scopes.ts';
import { DateTime } from '../subschema/date-time.ts';
import { withNearestMethod } from '../subschema/missing-method.ts';
import type { Select } from './select.ts';

interface ClientTypes extends HouseAuth {
  Context: RequestContext;
  Scalars: {
    DateTime: { Input: Date; Output: Date | string };
    ID: { Input: string; Output: string };
  };
}

type ClientSchemaBuilder = PothosSchemaTypes.SchemaBuilder<
  PothosSchemaTypes.ExtendDefaultTypes<ClientTypes>
>;
type ClientSchemaTypes = PothosSchemaTypes.ExtendDefaultTypes<ClientTypes>;

/** Fields that one client adds to one type. Inert until a bff lists it. */
export interface BffFields {
  readonly typeName: string;
  readonly place: DefinitionPlace | null;
  readonly builder: BffBuilder;
  /** Adds the fields to the builder's type; called once. */
  apply(): void;
}

/** What `builder.fieldsOn(type, (t) => …)` hands to its callback. */
export interface DerivedFieldBuilder<Parent> {
  readonly arg: ArgBuilder<ClientSchemaTypes>;
  /** A field computed from other fields of the graph, which are fetched in the same pass. */
  derive<
    Type extends TypeParam<ClientSchemaTypes>,
    const Needs extends string,
    Args extends InputFieldMap = Record<never, never>,
    Nullable extends FieldNullability<Type> = true,
  >(
    options: DeriveOptions<Parent, Type, Needs, Args, Nullable>,
  ): FieldRef<ClientSchemaTypes, ShapeFromTypeParam<ClientSchemaTypes, Type, Nullable>>;
}

export interface DeriveOptions<
  Parent,
  Type extends TypeParam<ClientSchemaTypes>,
  Needs extends string,
  Args extends InputFieldMap,
  Nullable extends FieldNullability<Type>,
> {
  readonly type: Type;
  /** @default true */
  readonly nullable?: Nullable;
  readonly args?: Args;
  /** For the client's developers: meaning, unit, when null. */
  readonly description?: string;
  readonly deprecationReason?: string;
  /**
   * A selection set on this type, over any subschema, hidden fields too. On `Query` it may use the
   * field's own arguments as variables: `{ airport(iata: $iata) { city } }`. What cannot be had
   * is null.
   */
  readonly needs: Needs;
  /** What it asks of who reads it, beside all that its `needs` ask. @default nothing more */
  readonly authScopes?: FieldAuthScopes<
    ClientSchemaTypes,
    Select<Parent, Needs>,
    InputShapeFromFields<Args>
  >;
  /** `parent` holds what `needs` selects, as a client would see it: a `DateTime` is a string. */
  readonly resolve: (
    parent: Select<Parent, Needs>,
    args: InputShapeFromFields<Args>,
    context: RequestContext,
  ) => MaybePromise<ShapeFromTypeParam<ClientSchemaTypes, Type, Nullable>>;
}

export type BffBuilder<Graph = object> = ClientSchemaBuilder & {
  /** Adds fields to a type of the graph, or to `Query`. */
  fieldsOn<TypeName extends keyof Graph & string>(
    typeName: TypeName,
    fields: (
      t: DerivedFieldBuilder<Graph[TypeName]>,
    ) => Record<string, FieldRef<ClientSchemaTypes>>,
  ): BffFields;
  /** A type of the graph, to return from a field of this client: its key fields are enough. */
  shared<TypeName extends keyof Graph & string>(
    typeName: TypeName,
  ): ObjectRef<ClientSchemaTypes, Partial<Graph[TypeName]>>;
  /** Type names given out by `shared` and `fieldsOn`. */
  readonly sharedTypeNames: { has(typeName: string): boolean };
};

const rootTypes = new Set(['Query', 'Mutation', 'Subscription']);

/**
 * A Pothos builder for what only one client has: types of its own, and fields on types of the
 * graph. `Graph` is the `graph.generated.ts` beside the bff; it types `needs`.
 */
export function createBffBuilder<Graph = object>(): BffBuilder<Graph> {
  const pothos: ClientSchemaBuilder = new SchemaBuilder<ClientTypes>({
    plugins: [ScopeAuthPlugin],
    scopeAuth: scopeAuthOptions,
  });
  pothos.addScalarType('DateTime', DateTime);
  pothos.queryType({});
  const refs = new Map<string, ObjectRef<ClientSchemaTypes, object>>();

  function shared(typeName: string): ObjectRef<ClientSchemaTypes, object> {
    const known = refs.get(typeName);
    if (known) return known;
    const ref = pothos.objectRef<object>(typeName);
    pothos.objectType(ref, {});
    refs.set(typeName, ref);
    return ref;
  }

  const builder = Object.assign(pothos, {
    shared,
    sharedTypeNames: refs,
    fieldsOn(typeName: string, fields: (t: never) => Record<string, unknown>): BffFields {
      const place = placeOfCaller(builder.fieldsOn);
      return {
        typeName,
        place,
        builder: builder as BffBuilder,
        apply: () => add(typeName, fields, place),
      };
    },
  }) as unknown as BffBuilder<Graph>;

  function add(
    typeName: string,
    fields: (t: never) => Record<string, unknown>,
    fieldsPlace: DefinitionPlace | null,
  ): void {
    const withDerive = (t: { field(options: object): unknown; arg: unknown }) => {
      const derive = (options: object) =>
        t.field(derived(options, placeOfCaller(derive) ?? fieldsPlace));
      const given = { arg: t.arg, derive };
      try {
        return fields(given as never);
      } catch (error) {
        throw withNearestMethod(error, Object.keys(given));
      }
    };
    if (typeName === 'Query') pothos.queryFields(withDerive as never);
    else if (rootTypes.has(typeName))
      throw new Error(
        `fieldsOn("${typeName}") is not possible; a client adds fields to Query or to an object type`,
      );
    else pothos.objectFields(shared(typeName), withDerive as never);
  }

  return builder;
}

/** What `field.extensions.tailorbird` says of a derived field until the bff is composed. */
export interface DerivedDeclaration {
  readonly needs: string;
  readonly place: DefinitionPlace | null;
}

const deriveOptionNames = [
  'type',
  'nullable',
  'args',
  'description',
  'deprecationReason',
  'needs',
  'authScopes',
  'resolve',
  'extensions',
];

/** Pothos sees an ordinary field; the needs ride along. */
function derived(options: object, place: DefinitionPlace | null): object {
  const at = `${describePlace(place)}: t.derive`;
  refuseUnknown(at, options, deriveOptionNames);
  const { needs, ...field } = options as {
    needs: string;
    resolve: unknown;
    extensions?: object;
  };
  if (typeof needs !== 'string') {
    throw new Error(
      `${at}: needs must be a selection set, such as '{ id }', but got: ${shown(needs)}`,
    );
  }
  if (typeof field.resolve !== 'function') {
    throw new Error(`${at}: resolve must be a function, but got: ${shown(field.resolve)}`);
  }
  const tailorbird: DerivedDeclaration = { needs, place };
  return { ...field, extensions: { ...field.extensions, tailorbird } };
}
