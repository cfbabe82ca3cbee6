import type { AccessRule } from './access.ts';
import { compile } from './compile.ts';
import type { PlanBody } from './plan.ts';

/** How many plans of one operation are kept for viewers who may not have all of it. */
export function variantsKept({ rules }: Pick<PlanBody, 'rules'>): number {
  return Math.min(2 ** rules.length - 1, 16);
}

/**
 * The plan for who asks. Rules that do not hold take their fields out of it: in their place stands
 * the refusal, and nothing is fetched for them. Whoever may have everything gets the plan itself.
 */
export function decide(body: PlanBody, context: unknown): PlanBody {
  if (body.rules.length === 0) return body;
  let denied: Set<AccessRule> | null = null;
  let id = '';
  for (let index = 0; index < body.rules.length; index++) {
    const rule = body.rules[index] as AccessRule;
    if (rule.holds(context)) continue;
    (denied ??= new Set()).add(rule);
    id += `${index} `;
  }
  if (denied === null) return body;
  let variant = body.variants.get(id);
  if (!variant) {
    variant = compile(body.graph, body.document, body.operation, denied);
    const [oldest] = body.variants.keys();
    if (oldest !== undefined && body.variants.size >= variantsKept(body)) {
      body.variants.delete(oldest);
    }
    body.variants.set(id, variant);
  }
  return variant;
}
