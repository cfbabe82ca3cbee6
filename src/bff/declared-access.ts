import {
  GraphQLError,
  type GraphQLInterfaceType,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import type { Access, AccessRule, FieldAccess, Instead, ParentCheck } from '../engine/access.ts';
import type { RequestContext } from '../request.ts';
import { type Asked, Scopes } from './scopes.ts';

/** A schema whose types and fields may say who reads them, and where it was written. */
export interface DeclaringSchema {
  readonly schema: GraphQLSchema;
  readonly at: string;
  /** `the "bookings" subschema` */
  readonly name: string;
  /** Whether it adds to types of the others, and has no objects of them. */
  readonly extends: boolean;
}

type Extensions = Readonly<Record<string, unknown>>;

interface Declared {
  readonly rules: Set<AccessRule>;
  readonly checks: ParentCheck[];
  instead: Instead | null;
}

/** Options of scope-auth that mean nothing here, and what to do instead. */
const refusedOptions: Readonly<Record<string, string>> = {
  grantScopes: 'let a function in authScopes of the field look at its parent',
  skipTypeScopes:
    'a rule of a type holds for all of its fields; give its fields rules of their own',
  skipInterfaceScopes:
    'a rule of an interface binds all that implement it; move it to their fields',
  unauthorizedError: 'a refusal says UNAUTHENTICATED or FORBIDDEN; leave it out',
  runScopesOnType: 'a rule of a type is always asked before its objects are fetched; leave it out',
};

/**
 * Who may read what in a stitched graph: the `authScopes` that its schemas declare, put together.
 * Rules of interfaces bind what implements them; those of a type hold for its fields in every
 * schema.
 *
 * Fails with place and remedy for a declaration that can't be kept on every path.
 */
export function declaredAccess(graph: GraphQLSchema, schemas: readonly DeclaringSchema[]): Access {
  const scopes = new Scopes();
  const types = new Map<string, Set<AccessRule>>();
  const fields = new Map<string, Declared>();
  for (const source of schemas) readSchema(source, schemas, scopes, types, fields);
  inherit(graph, types, fields);
  const ruled = new Map([...types].map(([name, rules]) => [name, [...rules]]));
  const declared = new Map<string, FieldAccess>(
    [...fields].map(([id, { rules, checks, instead }]) => [
      id,
      { rules: [...rules], checks, instead },
    ]),
  );
  return {
    ofType: (typeName) => ruled.get(typeName) ?? none,
    ofField: (typeName, fieldName) => declared.get(`${typeName}.${fieldName}`),
    // The context is the operation's: this room hands it to the engine's rules.
    refusal: (context) => refusal(context as RequestContext),
  };
}

const none: readonly AccessRule[] = [];
const rootNames = ['Query', 'Mutation', 'Subscription'];

function refusal({ viewer }: RequestContext): GraphQLError {
  return viewer === null
    ? new GraphQLError('Log in first.', { extensions: { code: 'UNAUTHENTICATED' } })
    : new GraphQLError('This is not yours to see or do.', { extensions: { code: 'FORBIDDEN' } });
}

function readSchema(
  source: DeclaringSchema,
  schemas: readonly DeclaringSchema[],
  scopes: Scopes,
  types: Map<string, Set<AccessRule>>,
  fields: Map<string, Declared>,
): void {
  const { schema, at } = source;
  for (const type of Object.values(schema.getTypeMap())) {
    if (!(isObjectType(type) || isInterfaceType(type)) || type.name.startsWith('__')) continue;
    const ofType = read(type.extensions, 'type', `${at}: ${type.name}`, scopes);
    // Every subschema has roots of its own: what one says of them is for its own fields.
    const isRoot = rootNames.includes(type.name);
    if (ofType.rules.length > 0 && !isRoot) {
      const known = types.get(type.name) ?? new Set();
      for (const rule of ofType.rules) known.add(rule);
      types.set(type.name, known);
    }
    for (const check of ofType.checks) {
      refuseElsewhere(`${at}: ${type.name}`, type.name, null, source, schemas);
      const once = oncePerParent(check);
      for (const name of isInterfaceType(type) ? objectNames(schema, type) : [type.name]) {
        const object = schema.getType(name);
        if (!isObjectType(object)) continue;
        for (const field of Object.keys(object.getFields())) {
          declaredIn(fields, `${name}.${field}`).checks.push(once);
        }
      }
    }
    for (const field of Object.values(type.getFields())) {
      const id = `${type.name}.${field.name}`;
      const where = `${at}: ${id}`;
      const own = read(field.extensions, 'field', where, scopes);
      if (own.checks.length > 0) refuseElsewhere(where, type.name, field.name, source, schemas);
      const instead = pothosOptions(field.extensions)['unauthorizedResolver'];
      if (instead !== undefined && type === schema.getSubscriptionType()) {
        throw new Error(
          `${where} has an unauthorizedResolver, but a subscription that is refused has no event to answer; leave it out`,
        );
      }
      const declared = declaredIn(fields, id);
      for (const rule of own.rules) declared.rules.add(rule);
      if (isRoot) for (const rule of ofType.rules) declared.rules.add(rule);
      declared.checks.push(...own.checks);
      // Typed by Pothos where it was declared.
      if (instead !== undefined) declared.instead = instead as Instead;
    }
  }
}

function declaredIn(fields: Map<string, Declared>, id: string): Declared {
  let known = fields.get(id);
  if (!known) fields.set(id, (known = { rules: new Set(), checks: [], instead: null }));
  return known;
}

/** What interfaces declare holds for all that implement them. */
function inherit(
  graph: GraphQLSchema,
  types: Map<string, Set<AccessRule>>,
  fields: Map<string, Declared>,
): void {
  for (const type of Object.values(graph.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const parent of type.getInterfaces()) {
      const rules = types.get(parent.name);
      if (rules) types.set(type.name, new Set([...(types.get(type.name) ?? []), ...rules]));
      for (const name of Object.keys(parent.getFields())) {
        const declared = fields.get(`${parent.name}.${name}`);
        if (!declared) continue;
        const own = declaredIn(fields, `${type.name}.${name}`);
        for (const rule of declared.rules) own.rules.add(rule);
        for (const check of declared.checks) {
          if (!own.checks.includes(check)) own.checks.push(check);
        }
        own.instead ??= declared.instead;
      }
    }
  }
}

function read(extensions: Extensions, of: 'type' | 'field', at: string, scopes: Scopes): Asked {
  const asked = [pothosOptions(extensions), extensions['tailorbirdAuth'] as Extensions | undefined]
    .flatMap((options) => {
      for (const [name, remedy] of Object.entries(refusedOptions)) {
        if (options?.[name] === undefined) continue;
        throw new Error(`${at} has the option ${name}, which is not kept on every path: ${remedy}`);
      }
      return options?.['authScopes'] === undefined ? [] : [options['authScopes']];
    })
    .map((authScopes) => scopes.read(authScopes, of, at));
  return {
    rules: asked.flatMap(({ rules }) => rules),
    checks: asked.flatMap(({ checks }) => checks),
  };
}

/** What was written in Pothos; `defineSubschema` writes `tailorbirdAuth`. */
function pothosOptions(extensions: Extensions): Extensions {
  return (extensions['pothosOptions'] as Extensions | undefined) ?? {};
}

function objectNames(schema: GraphQLSchema, type: GraphQLInterfaceType): string[] {
  return schema.getPossibleTypes(type).map(({ name }) => name);
}

/** A function is given the objects of its own schema, so no other schema may have the same. */
function refuseElsewhere(
  at: string,
  typeName: string,
  fieldName: string | null,
  source: DeclaringSchema,
  schemas: readonly DeclaringSchema[],
): void {
  if (rootNames.includes(typeName)) return;
  const declaring = source.schema.getType(typeName);
  const names = isInterfaceType(declaring) ? objectNames(source.schema, declaring) : [typeName];
  const other = schemas.find(
    ({ schema, extends: only }) =>
      schema !== source.schema &&
      !only &&
      names.some((name) => {
        const type = schema.getType(name);
        return isObjectType(type) && (fieldName === null || fieldName in type.getFields());
      }),
  );
  if (!other) return;
  throw new Error(
    `${at} has a function in authScopes, which reads objects of its own subschema, but ${other.name} has ${fieldName ?? typeName} as well; ask for scopes without a function, or move the function to a field that only one of them has`,
  );
}

/** A type's function is asked once for an object, however many of its fields are read. */
function oncePerParent(check: ParentCheck): ParentCheck {
  const known = new WeakMap<object, WeakMap<object, ReturnType<ParentCheck>>>();
  return (parent, args, context, info) => {
    if (typeof parent !== 'object' || parent === null) return check(parent, args, context, info);
    // The engine's context is an object.
    let ofContext = known.get(context as object);
    if (!ofContext) known.set(context as object, (ofContext = new WeakMap()));
    let verdict = ofContext.get(parent);
    if (verdict === undefined) {
      ofContext.set(parent, (verdict = check(parent, args, context, info)));
    }
    return verdict;
  };
}
