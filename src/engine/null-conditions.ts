import {
  type DefinitionNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  visit,
} from 'graphql';
import type { PlanBody } from './plan.ts';

/**
 * An error for each variable that is null where `@skip`, `@include`, `@defer` or `@stream` asks `if`.
 * Validation lets a nullable variable stand there when it has a default, which an explicit null
 * takes the place of: then it is neither true nor false.
 */
export function nullConditions(
  { operation, scopes }: Pick<PlanBody, 'operation' | 'scopes'>,
  variables: Readonly<Record<string, unknown>>,
): readonly GraphQLError[] {
  const nulls = nullableWithDefault(operation).filter((name) => variables[name] === null);
  if (nulls.length === 0) return none;
  const errors: GraphQLError[] = [];
  const find = (definition: DefinitionNode) =>
    visit(definition, {
      Directive(node) {
        const value = node.arguments?.find(({ name }) => name.value === 'if')?.value;
        if (value?.kind !== Kind.VARIABLE || !nulls.includes(value.name.value)) return;
        errors.push(
          new GraphQLError(
            `Variable "$${value.name.value}" is null, but "if" of "@${node.name.value}" takes true or false.`,
            { nodes: value, extensions: { code: 'BAD_USER_INPUT' } },
          ),
        );
      },
    });
  find(operation);
  for (const fragment of scopes[0]?.scope.fragments.values() ?? []) find(fragment);
  return errors;
}

const none: readonly GraphQLError[] = [];

function nullableWithDefault({ variableDefinitions = [] }: OperationDefinitionNode): string[] {
  return variableDefinitions
    .filter(({ type, defaultValue }) => type.kind !== Kind.NON_NULL_TYPE && defaultValue)
    .map(({ variable }) => variable.name.value);
}
