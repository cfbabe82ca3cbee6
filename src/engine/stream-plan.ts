import { Kind } from 'graphql';
import { incrementalArguments, type Occurrence, wantsParts } from './collect.ts';
import type { StreamPlan } from './plan.ts';

/** What `@stream` on a field asks for; null when there is none. */
export function streamOf(
  occurrences: readonly Occurrence[],
  conditionNumber: (terms: Occurrence['terms']) => number,
): StreamPlan | null {
  for (const { node, scope } of occurrences) {
    const directive = node.directives?.find(({ name }) => name.value === 'stream');
    if (!directive) continue;
    const { condition, label } = incrementalArguments(directive);
    if (condition === false) continue;
    const count = directive.arguments?.find(({ name }) => name.value === 'initialCount')?.value;
    const terms =
      typeof condition === 'string'
        ? [wantsParts, { scope: scope.index, variable: condition, expected: true }]
        : [wantsParts];
    return {
      label,
      condition: conditionNumber(terms),
      initialCount: (variables) => {
        if (count?.kind === Kind.VARIABLE) return Number(variables[count.name.value] ?? 0);
        return count?.kind === Kind.INT ? Number(count.value) : 0;
      },
    };
  }
  return null;
}
