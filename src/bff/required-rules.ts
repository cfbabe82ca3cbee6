import type { SubschemaConfig } from '@graphql-tools/delegate';
import { getNamedType, type GraphQLObjectType, isObjectType } from 'graphql';
import { describePlace } from '../definition-place.ts';
import type { Access } from '../engine/access.ts';
import { concreteTypes } from '../engine/schema-types.ts';
import { viewerDataOf } from '../load/viewer-data.ts';
import type { Subschema } from '../subschema/define-subschema.ts';

/**
 * Refuses a way to a viewer's data that says nothing about who may take it.
 *
 * A backend has data of viewers when it takes access tokens, or when a batch over it keeps values
 * for a viewer. Of its subschema every way in must have a rule: root fields, and fields of merged
 * types, which another subschema can reach by their key (the key itself is known by then). What is
 * below a way in is reached through it alone.
 */
export function requireRules(
  subschema: Subschema,
  { schema, merge = {} }: SubschemaConfig,
  access: Access,
): void {
  const why = viewerDataOf(subschema.backend);
  if (why === null) return;
  const open: string[] = [];
  const look = (type: GraphQLObjectType, keys: readonly string[]) => {
    for (const field of Object.values(type.getFields())) {
      if (field.name.startsWith('_') || keys.includes(field.name)) continue;
      const own = access.ofField(type.name, field.name);
      const ruled =
        access.ofType(type.name).length > 0 ||
        access.ofType(getNamedType(field.type).name).length > 0 ||
        (own !== undefined && own.rules.length + own.checks.length > 0);
      if (!ruled) open.push(`${type.name}.${field.name}`);
    }
  };
  for (const root of [
    schema.getQueryType(),
    schema.getMutationType(),
    schema.getSubscriptionType(),
  ]) {
    if (root) look(root, []);
  }
  for (const [typeName, { selectionSet = '' }] of Object.entries(merge)) {
    for (const name of concreteTypes(schema, typeName)) {
      const type = schema.getType(name);
      if (isObjectType(type)) look(type, selectionSet.match(/\w+/g) ?? []);
    }
  }
  if (open.length === 0) return;
  throw new Error(
    `${describePlace(subschema.place)}: the "${subschema.name}" subschema has data of viewers (${why}), and no rule for ${open.join(', ')}; give the field or its type authScopes, such as { viewer: true }, or \`() => true\` where everybody may read it`,
  );
}
