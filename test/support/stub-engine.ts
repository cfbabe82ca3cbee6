import { GraphQLDeferDirective } from '@graphql-tools/utils';
import {
  createSourceEventStream,
  type DocumentNode,
  execute,
  extendSchema,
  type GraphQLSchema,
  Kind,
  parse,
  validate,
  visit,
} from 'graphql';
import { JsonText } from '../../src/engine/text.ts';
import type { Engine, ExecuteOptions, IncrementalPart } from '../../src/server/composed.ts';

export interface StubPlan {
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
}

/** graphql-js behind the engine's interface, with `@defer` on fragments at the root. */
export function stubEngine(given: GraphQLSchema): Engine<StubPlan> & { schema: GraphQLSchema } {
  const schema = withDefer(given);
  const run = (
    document: DocumentNode,
    plan: StubPlan,
    options: Partial<ExecuteOptions>,
    rootValue?: unknown,
  ) =>
    execute({
      schema,
      document,
      rootValue,
      operationName: plan.operationName,
      variableValues: options.variables,
      contextValue: options.context,
    });
  return {
    schema,
    prepare(source, operationName) {
      const document = typeof source === 'string' ? parse(source) : source;
      const errors = validate(schema, document);
      if (errors.length > 0) return { errors };
      return { document, operationName: operationName ?? undefined };
    },
    async execute(plan, options) {
      const { initial, deferred } = split(plan.document);
      if (!deferred || !options.incremental) {
        return unlessLeft(run(plan.document, plan, options), options.signal);
      }
      const first = await unlessLeft(run(initial, plan, options), options.signal);
      async function* rest(): AsyncGenerator<IncrementalPart, void, void> {
        const { data, errors } = await run(deferred as DocumentNode, plan, options);
        yield { hasNext: false, incremental: [{ data, path: [], ...(errors && { errors }) }] };
      }
      return { initialResult: { ...first, hasNext: true }, subsequentResults: rest() };
    },
    async executeToText(plan, options) {
      const result = await run(plan.document, plan, options);
      return result.errors ? result : new JsonText(JSON.stringify(result));
    },
    async subscribe(plan, options) {
      const events = await createSourceEventStream({
        schema,
        document: plan.document,
        operationName: plan.operationName,
        variableValues: options.variables,
        contextValue: options.context,
      });
      if (!(Symbol.asyncIterator in events)) return events;
      return {
        events,
        async answer(rootValue, { context }) {
          const { variables } = options;
          const result = await run(plan.document, plan, { variables, context }, rootValue);
          return result.errors ? result : new JsonText(JSON.stringify(result));
        },
      };
    },
  };
}

/** As the engine does: nobody waits, so there is no answer. */
function unlessLeft<T>(answer: T | Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('nobody waits')), { once: true });
    Promise.resolve(answer).then(resolve, reject);
  });
}

function withDefer(schema: GraphQLSchema): GraphQLSchema {
  const document: DocumentNode = {
    kind: Kind.DOCUMENT,
    definitions: parse(
      'directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT',
    ).definitions,
  };
  return schema.getDirective(GraphQLDeferDirective.name) ? schema : extendSchema(schema, document);
}

function split(document: DocumentNode): { initial: DocumentNode; deferred: DocumentNode | null } {
  let found = false;
  const keep = (wanted: boolean) =>
    visit(document, {
      OperationDefinition(operation) {
        const selections = operation.selectionSet.selections.filter((selection) => {
          const isDeferred = selection.directives?.some(({ name }) => name.value === 'defer');
          found ||= isDeferred === true;
          return (isDeferred === true) === wanted;
        });
        return { ...operation, selectionSet: { ...operation.selectionSet, selections } };
      },
    });
  const initial = keep(false);
  return { initial, deferred: found ? keep(true) : null };
}
