import SchemaBuilder from '@pothos/core';
import RelayPlugin from '@pothos/plugin-relay';
import type { RequestContext } from '../request.ts';
import './batch-field.ts';
import { DateTime } from './date-time.ts';

/** What every builder of this house starts with; `Types` may add scalars, inputs and objects. */
interface HouseTypes {
  Context: RequestContext;
  Scalars: {
    DateTime: { Input: Date; Output: Date };
    ID: { Input: string; Output: string };
  };
  DefaultEdgesNullability: { list: false; items: false };
  DefaultNodeNullability: false;
}

/**
 * A Pothos builder for a subschema: `RequestContext` as context, fields nullable unless they say
 * otherwise, the `DateTime` scalar, Relay connections with `nodes` beside `edges`, and
 * `t.batch` for fields that one batch answers for a whole list.
 */
export function createSubschemaBuilder() {
  const builder = new SchemaBuilder<HouseTypes>({
    plugins: [RelayPlugin],
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
