import type { GraphQLSchema } from 'graphql';
import type { SubschemaConfig } from '@graphql-tools/delegate';
import { stitchSchemas } from '@graphql-tools/stitch';
import { buildPlain } from './plain-schema.ts';
import { describeNeeds } from './sdl.ts';
import { buildSubschema } from './subschema.ts';
import { type Thing, Truth } from './truth.ts';
import type { World } from './world.ts';

type Resolver = (parent: Thing) => unknown;

export interface Built {
  readonly subschemas: SubschemaConfig[];
  readonly stitched: GraphQLSchema;
  readonly plain: GraphQLSchema;
  /** The plain schema without its non-nulls: each error stays where it happens. */
  readonly loose: () => GraphQLSchema;
  readonly resolvers: Record<string, Record<string, { selectionSet: string; resolve: Resolver }>>;
  /** Calls of entries so far, by subschema. */
  readonly calls: string[];
}

/** The subschemas of a world, stitched, and the same graph as one plain schema. */
export function buildWorld(world: World): Built {
  const truth = new Truth(world);
  const calls: string[] = [];
  const subschemas = world.subschemas.map(({ index, remote }) =>
    buildSubschema(truth, index, remote, calls),
  );
  const resolvers: Built['resolvers'] = {};
  const extensions: string[] = [];
  for (const { entity, name, needs, selectionSet } of world.derived) {
    resolvers[entity] = {
      [name]: { selectionSet, resolve: (parent) => describeNeeds(parent, needs) },
    };
    extensions.push(`extend type ${entity} { ${name}: String }`);
  }
  const stitched = stitchSchemas({
    subschemas,
    ...(extensions.length > 0 ? { typeDefs: extensions.join('\n'), resolvers } : {}),
  });
  const plain = buildPlain(truth);
  const loose = () => buildPlain(truth, plain);
  return { subschemas, stitched, plain, loose, resolvers, calls };
}
