import SchemaBuilder from '@pothos/core';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import type { RequestContext } from '../request.ts';
import { type HouseAuth, scopeAuthOptions } from './auth-scopes.ts';
import './batch-field.ts';
import { DateTime } from './date-time.ts';
import './reference-field.ts';

/** What every builder of this house starts with; `Types` may add scalars, inputs and objects. */
export interface HouseTypes extends HouseAuth {
  Context: RequestContext;
  Scalars: {
    DateTime: { Input: Date; Output: Date };
    ID: { Input: string; Output: string };
    JSON: { Input: unknown; Output: unknown };
  };
  DefaultEdgesNullability: { list: false; items: false };
  DefaultNodeNullability: false;
}

/**
 * A Pothos builder for a subschema: `RequestContext` as context, fields nullable unless they say
 * otherwise, the `DateTime` scalar, Relay connections with `nodes` beside `edges`, `authScopes` on
 * types and fields, `t.reference` for entities of other subschemas, and `t.batch` for fields that
 * one batch answers for a whole list.
 */
export function createSubschemaBuilder() {
  const builder = new SchemaBuilder<HouseTypes>({
    plugins: [ScopeAuthPlugin, RelayPlugin],
    scopeAuth: scopeAuthOptions,
    relay: {
      clientMutationId: 'omit',
      cursorType: 'String',
      nodesOnConnection: true,
      edgesFieldOptions: { nullable: { list: false, items: false } },
      nodeFieldOptions: { nullable: false },
    },
  });
  builder.addScalarType('DateTime', DateTime);
  builder.queryType({});
  return builder;
}
