import { MapperKind, mapSchema } from '@graphql-tools/utils';
import { defaultFieldResolver, type GraphQLSchema, isObjectType } from 'graphql';
import type { Access, AccessRule } from '../../../src/engine/access.ts';
import type { EngineOptions } from '../../../src/engine/engine.ts';
import { createGraph } from '../../../src/engine/graph.ts';
import { Random } from './random.ts';

/** Whoever asks holds these rules. */
export interface Holder {
  readonly holds: readonly string[];
}

const names = ['one', 'two', 'three'];
const refusal = () => new Error('Not yours.');

/** Rules on some fields of a graph's object types. */
export function randomAccess(schema: GraphQLSchema, seed: number): Access {
  const random = new Random(seed);
  const rules: readonly AccessRule[] = names.map((name) => ({
    name,
    holds: (context) => (context as Holder).holds.includes(name),
  }));
  const fields = new Map<string, AccessRule>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const name of Object.keys(type.getFields())) {
      if (random.chance(0.15)) fields.set(`${type.name}.${name}`, random.pick(rules));
    }
  }
  return {
    ofType: () => [],
    ofField: (typeName, fieldName) => {
      const rule = fields.get(`${typeName}.${fieldName}`);
      return rule && { rules: [rule], checks: [], instead: null };
    },
    refusal,
  };
}

export function randomHolder(seed: number): Holder {
  const random = new Random(seed);
  return { holds: names.filter(() => random.chance(0.4)) };
}

/** The plain schema, each of whose resolvers asks the rules of its field first. */
export function refusing(plain: GraphQLSchema, options: EngineOptions): GraphQLSchema {
  const { rules } = createGraph(options);
  return mapSchema(plain, {
    [MapperKind.OBJECT_FIELD]: (config, fieldName, typeName) => {
      const asked = rules.of(typeName, fieldName);
      const { resolve = defaultFieldResolver } = config;
      return {
        ...config,
        resolve: (source, args, context, info) => {
          if (asked.some((rule) => !rule.holds(context))) throw refusal();
          return resolve(source, args, context, info);
        },
      };
    },
  });
}
