import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import type { AccessRule } from './access.ts';
import type { Part, Scope } from './collect.ts';
import { LevelBuilder, splitRoots } from './compile-level.ts';
import type { Graph } from './graph.ts';
import type { LevelPlan, PlanBody } from './plan.ts';

/** Compiles one operation of a valid document; without what depends on a rule of `denied`. */
export function compile(
  graph: Graph,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  denied: ReadonlySet<AccessRule> = new Set(),
): PlanBody {
  const { schema } = graph;
  const rootType =
    operation.operation === 'query'
      ? schema.getQueryType()
      : operation.operation === 'mutation'
        ? schema.getMutationType()
        : schema.getSubscriptionType();
  if (!rootType) {
    throw new GraphQLError(
      `Schema is not configured to execute ${operation.operation} operation.`,
      { nodes: operation },
    );
  }
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments.set(definition.name.value, definition);
    }
  }
  const scope: Scope = { index: 0, fragments };
  const roots: LevelPlan[] = [];
  const body: PlanBody = {
    graph,
    document,
    operation,
    rootType,
    roots,
    conditions: [[[]]],
    scopes: [{ scope, source: null }],
    rules: graph.rules.inOperation(rootType, operation.selectionSet, fragments),
    denied,
    variants: new Map(),
  };
  const part: Part = { selectionSet: operation.selectionSet, terms: [], scope };
  const serial = operation.operation === 'mutation';
  const plans = serial ? splitRoots(body, rootType, part) : [[part]];
  for (const parts of plans) {
    const builder = new LevelBuilder(body, rootType, graph.gateway, null, { serial });
    roots.push(builder.build([{ parts, client: true }]));
  }
  return body;
}
