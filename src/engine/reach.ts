import { getNamedType, isAbstractType, isObjectType, Kind, type SelectionSetNode } from 'graphql';
import { type Entry, type Graph, ownsField, type Place } from './graph.ts';
import { fieldIn } from './schema-types.ts';

/** How a place can be reached from where the objects of a level are. */
export interface Reached {
  readonly place: Place;
  readonly entry: Entry | null;
  /** How many entries have to be passed; 0 is where the objects are. */
  readonly round: number;
}

/**
 * The places that objects of a type can be carried to, starting at `place`. `present` are the
 * properties of objects that the gateway made; null means that the place's schema says it.
 */
export function reachable(
  graph: Graph,
  typeName: string,
  place: Place,
  present: ReadonlySet<string> | null,
): Reached[] {
  const reached: Reached[] = [{ place, entry: null, round: 0 }];
  const entries = graph.entries.get(typeName) ?? [];
  for (let round = 1; ; round++) {
    const known = reached.map((one) => one.place);
    const found: Reached[] = [];
    for (const entry of entries) {
      if (known.includes(entry.place) || found.some((one) => one.place === entry.place)) continue;
      if (satisfied(known, typeName, entry.selectionSet, present)) {
        found.push({ place: entry.place, entry, round });
      }
    }
    if (found.length === 0) return reached;
    reached.push(...found);
  }
}

/** Whether one of `places` has each field of the selection, and all that is below it. */
function satisfied(
  places: readonly Place[],
  typeName: string,
  set: SelectionSetNode,
  present: ReadonlySet<string> | null,
): boolean {
  return set.selections.every((node) => {
    if (node.kind === Kind.INLINE_FRAGMENT) {
      const condition = node.typeCondition?.name.value ?? typeName;
      return condition !== typeName || satisfied(places, typeName, node.selectionSet, present);
    }
    if (node.kind !== Kind.FIELD) return false;
    const name = node.name.value;
    if (name === '__typename') return true;
    return places.some((place) => {
      if (place.gateway) return present !== null && present.has(name);
      if (!ownsField(place, typeName, name)) return false;
      if (!node.selectionSet) return true;
      const field = fieldIn(place.schema, typeName, name);
      const type = field ? getNamedType(field.type) : undefined;
      if (isAbstractType(type)) return true;
      return isObjectType(type) && satisfied([place], type.name, node.selectionSet, null);
    });
  });
}
