import {
  type DirectiveNode,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  specifiedRules,
  validate,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { compile } from './compile.ts';
import { variantsKept } from './decide.ts';
import type { Engine, EngineOptions, Plan, Refusal } from './engine.ts';
import type { Graph } from './graph.ts';
import { type Measure, measure } from './limits.ts';

/** Plans larger than this are only kept when they are asked for again. */
const smallPlanBytes = 64 * 1024;

/** What makes plans, and keeps them by document text and operation name. */
export function createPlanner(
  graph: Graph,
  clientSchema: GraphQLSchema,
  options: EngineOptions,
): Engine['prepare'] {
  const { planCacheBytes = 32 * 1024 * 1024, validationRules = specifiedRules } = options;
  const { maxTokens = 4000, maxSelections = 2000, maxDepth = 32 } = options.limits ?? {};
  const plans = new LRUCache<string, Plan>({ maxSize: planCacheBytes });
  const seen = new LRUCache<string, true>({
    maxSize: planCacheBytes / 8,
    sizeCalculation: (_, key) => key.length * 2,
  });
  const byDocument = new WeakMap<DocumentNode, Map<string, Plan>>();

  const make = (
    document: DocumentNode,
    operationName: string | null | undefined,
  ): Plan | Refusal => {
    const size = measure(document);
    const excess = tooLarge(size, maxSelections, maxDepth);
    if (excess) return refuse([excess], 'COST_LIMIT_EXCEEDED');
    const errors = validate(clientSchema, document, validationRules, {
      maxErrors: options.maxValidationErrors ?? 100,
    });
    if (errors.length > 0) return refuse(errors, 'GRAPHQL_VALIDATION_FAILED');
    const operation = chooseOperation(document, operationName ?? null);
    if (operation instanceof GraphQLError) return refuse([operation], 'BAD_USER_INPUT');
    try {
      return {
        operation: operation.operation,
        operationName: operation.name?.value ?? null,
        ...size,
        document,
        incremental: asksForMore(document),
        body: compile(graph, document, operation),
      };
    } catch (error) {
      if (error instanceof GraphQLError) return refuse([error], 'BAD_USER_INPUT');
      throw error;
    }
  };

  const ofText = (source: string, operationName: string | null | undefined): Plan | Refusal => {
    const key = `${operationName ?? ''}\n${source}`;
    const known = plans.get(key);
    if (known) return known;
    let document: DocumentNode;
    try {
      document = parse(source, { maxTokens });
    } catch (error) {
      if (error instanceof GraphQLError) return refuse([error], 'GRAPHQL_PARSE_FAILED');
      throw error;
    }
    const plan = make(document, operationName);
    if ('errors' in plan) return plan;
    const bytes = planBytes(source.length, plan);
    if (bytes <= smallPlanBytes || seen.has(key)) plans.set(key, plan, { size: bytes });
    else seen.set(key, true);
    return plan;
  };

  const ofDocument = (document: DocumentNode, operationName: string | null | undefined) => {
    const name = operationName ?? '';
    const known = byDocument.get(document)?.get(name);
    if (known) return known;
    const plan = make(document, operationName);
    if ('errors' in plan) return plan;
    let own = byDocument.get(document);
    if (!own) byDocument.set(document, (own = new Map()));
    own.set(name, plan);
    return plan;
  };

  return (source, operationName) =>
    typeof source === 'string' ? ofText(source, operationName) : ofDocument(source, operationName);
}

function refuse(errors: readonly GraphQLError[], code: string): Refusal {
  for (const error of errors) error.extensions['code'] ??= code;
  return { errors };
}

/** What a plan keeps alive, estimated: text, syntax tree, levels and fields. */
function planBytes(characters: number, plan: Plan): number {
  const whole = 4096 + characters * 60 + plan.selections * 2500;
  // Those for viewers who may not have all of it are smaller.
  return Math.ceil(whole * (1 + variantsKept(plan.body) / 2));
}

function tooLarge(size: Measure, maxSelections: number, maxDepth: number): GraphQLError | null {
  if (size.selections > maxSelections) {
    return new GraphQLError('The operation asks for too many fields.');
  }
  if (size.depth > maxDepth) return new GraphQLError('The operation is nested too deeply.');
  return null;
}

function chooseOperation(
  document: DocumentNode,
  name: string | null,
): OperationDefinitionNode | GraphQLError {
  let found: OperationDefinitionNode | null = null;
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    if (name === null) {
      if (found) {
        return new GraphQLError(
          'Must provide operation name if query contains multiple operations.',
        );
      }
      found = definition;
    } else if (definition.name?.value === name) return definition;
  }
  if (found) return found;
  return new GraphQLError(
    name === null ? 'Must provide an operation.' : `Unknown operation named "${name}".`,
  );
}

/** Whether a document has `@defer` or `@stream`. */
function asksForMore({ definitions }: DocumentNode): boolean {
  const isMore = ({ name }: DirectiveNode) => name.value === 'defer' || name.value === 'stream';
  const asks = ({ selections }: SelectionSetNode): boolean =>
    selections.some(
      (node) =>
        node.directives?.some(isMore) ||
        ('selectionSet' in node && node.selectionSet !== undefined && asks(node.selectionSet)),
    );
  return definitions.some((node) => 'selectionSet' in node && asks(node.selectionSet));
}
