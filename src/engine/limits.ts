import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionSetNode,
} from 'graphql';

/** What a document may ask for. Counted before validation, in time linear in its length. */
export interface Limits {
  /** Tokens of the document's text. @default 4000 */
  readonly maxTokens?: number;
  /** Fields and fragments once every fragment is written out. @default 2000 */
  readonly maxSelections?: number;
  /** Nested selection sets once every fragment is written out; introspection apart. @default 32 */
  readonly maxDepth?: number;
}

export interface Measure {
  /** Expanded selections of all operations; stops growing at 2^40. */
  readonly selections: number;
  readonly depth: number;
}

const most = 2 ** 40;
/** Nested deeper than this counts as endless: no need to walk on. */
const deepest = 500;

/** Expanded size and depth, each fragment counted once and reused. A fragment cycle counts as endless. */
export function measure(document: DocumentNode): Measure {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments.set(definition.name.value, definition);
    }
  }
  const known = new Map<string, Measure>();
  const open = new Set<string>();
  const endless: Measure = { selections: most, depth: most };

  const ofFragment = (name: string, nesting: number): Measure => {
    const found = known.get(name);
    if (found) return found;
    const fragment = fragments.get(name);
    if (!fragment) return { selections: 0, depth: 0 };
    if (open.has(name)) return endless;
    open.add(name);
    const size = ofSet(fragment.selectionSet, nesting);
    open.delete(name);
    known.set(name, size);
    return size;
  };
  const ofSet = (set: SelectionSetNode, nesting: number): Measure => {
    if (nesting > deepest) return endless;
    let selections = 0;
    let depth = 0;
    for (const node of set.selections) {
      let inner: Measure;
      let own = 0;
      if (node.kind === Kind.FRAGMENT_SPREAD) inner = ofFragment(node.name.value, nesting + 1);
      else if (node.kind === Kind.INLINE_FRAGMENT) inner = ofSet(node.selectionSet, nesting + 1);
      else {
        inner = node.selectionSet
          ? ofSet(node.selectionSet, nesting + 1)
          : { selections: 0, depth: 0 };
        own = node.name.value.startsWith('__') ? -inner.depth : 1;
      }
      selections = Math.min(most, selections + 1 + inner.selections);
      depth = Math.max(depth, Math.min(most, inner.depth + own));
    }
    return { selections, depth };
  };

  let selections = 0;
  let depth = 0;
  for (const definition of document.definitions) {
    const size =
      definition.kind === Kind.OPERATION_DEFINITION
        ? ofSet(definition.selectionSet, 0)
        : definition.kind === Kind.FRAGMENT_DEFINITION
          ? ofFragment(definition.name.value, 0)
          : { selections: 0, depth: 0 };
    if (definition.kind === Kind.OPERATION_DEFINITION) {
      selections = Math.min(most, selections + size.selections);
    } else selections = Math.max(selections, size.selections);
    depth = Math.max(depth, size.depth);
  }
  return { selections, depth };
}
