import type { GraphQLField } from 'graphql';
import type { Resolve } from './graph.ts';
import type { Column, Step } from './plan.ts';
import { readsInfo } from './reads-info.ts';

/** What `field.extensions.tailorbird` may declare for the engine. */
export interface DeclaredStep {
  /** The value is this property of the parent. */
  readonly property?: string;
  /** The object is an entity known by its key: `{ [key]: parent[property] }`. */
  readonly reference?: { readonly property: string; readonly key: string };
  /** One call answers for the whole layer: a value or an Error per parent, in order. */
  readonly column?: Column;
}

/** The cheapest way to run a field of a subschema in this process. */
export function stepOf(field: GraphQLField<unknown, unknown>): Step {
  const declared = field.extensions['tailorbird'] as DeclaredStep | undefined;
  if (declared?.column) return { kind: 'column', column: declared.column };
  if (declared?.reference) return { kind: 'reference', ...declared.reference };
  if (typeof declared?.property === 'string') {
    return { kind: 'property', name: declared.property, calls: false };
  }
  if (!field.resolve) return { kind: 'property', name: field.name, calls: true };
  const exposed = field.extensions['pothosExposedField'];
  if (typeof exposed === 'string' && field.extensions['pothosResolveWrapped'] === false) {
    return { kind: 'property', name: exposed, calls: false };
  }
  return resolveStep(field.resolve as Resolve);
}

/** A standard resolver; `info` is only made for one that can read it. */
export function resolveStep(resolve: Resolve): Step {
  return { kind: 'resolve', resolve, readsInfo: readsInfo(resolve) };
}
