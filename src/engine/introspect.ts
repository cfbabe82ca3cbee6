import { type DefinitionNode, executeSync, Kind } from 'graphql';
import type { Execution } from './execution.ts';
import type { FieldPlan } from './plan.ts';

/** What `__schema` and `__type` give, read from the schema that clients see. */
export function introspect(execution: Execution, field: FieldPlan): unknown {
  const { body, clientSchema, variables } = execution;
  const [use] = field.uses;
  if (!use) return null;
  const used = JSON.stringify(use.nodes) + JSON.stringify([...field.scope.fragments.values()]);
  const definitions: DefinitionNode[] = [
    {
      ...body.operation,
      directives: [],
      variableDefinitions: (body.operation.variableDefinitions ?? []).filter(
        ({ variable, type }) =>
          used.includes(variable.name.value) &&
          /^(String|Boolean|ID|Int|Float)$/.test(typeText(type)),
      ),
      selectionSet: { kind: Kind.SELECTION_SET, selections: use.nodes },
    },
    ...field.scope.fragments.values(),
  ];
  const { data } = executeSync({
    schema: clientSchema,
    document: { kind: Kind.DOCUMENT, definitions },
    variableValues: variables,
  });
  return data?.[use.key] ?? null;
}

function typeText(type: { kind: string; type?: unknown; name?: { value: string } }): string {
  if (type.kind === Kind.NON_NULL_TYPE) return typeText(type.type as never);
  return type.name?.value ?? '';
}
