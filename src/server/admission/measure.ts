import type {
  DocumentNode,
  FragmentDefinitionNode,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql';
import type { DocumentLimit } from '../../limits.ts';

/** What an operation amounts to once its fragments are written out. */
export type Measures = Readonly<Record<DocumentLimit, number>>;

/**
 * The measures of a parsed document: of each kind, the highest of its operations. A fragment that
 * no operation spreads counts by its selections, since validation walks it too.
 *
 * Linear in the document: a fragment is counted once and its totals are reused where it is spread.
 * Counts stop at `Number.MAX_SAFE_INTEGER`. A fragment that spreads itself counts nothing there;
 * validation refuses it.
 */
export function measureDocument(document: DocumentNode): Measures {
  const fragments = new Map<string, FragmentDefinitionNode>();
  const operations: OperationDefinitionNode[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === 'OperationDefinition') operations.push(definition);
    else if (definition.kind === 'FragmentDefinition') {
      fragments.set(definition.name.value, definition);
    }
  }
  const totals = new Map<string, Totals>();
  let highest = nothing;
  for (const operation of operations) {
    const own = measureSelections(operation.selectionSet, fragments, totals);
    highest = highestOf(highest, {
      ...own,
      directives: capped(own.directives + (operation.directives?.length ?? 0)),
    });
  }
  for (const name of fragments.keys()) {
    const { selections } = measureFragment(name, fragments, totals);
    highest = highestOf(highest, { ...nothing, selections });
  }
  return highest;
}

/** Whether a document asks for the schema: `__schema` or `__type`, at any depth or in a fragment. */
export function introspects(document: DocumentNode): boolean {
  const asks = ({ selections }: SelectionSetNode): boolean =>
    selections.some((selection) => {
      if (selection.kind === 'FragmentSpread') return false;
      if (selection.kind === 'Field' && isIntrospection(selection.name.value)) return true;
      return selection.selectionSet !== undefined && asks(selection.selectionSet);
    });
  return document.definitions.some(
    (definition) => 'selectionSet' in definition && asks(definition.selectionSet),
  );
}

type Totals = Measures;

const nothing: Totals = { depth: 0, selections: 0, aliases: 0, rootFields: 0, directives: 0 };

function measureSelections(
  selectionSet: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  totals: Map<string, Totals>,
): Totals {
  let { depth, selections, aliases, rootFields, directives } = nothing;
  for (const selection of selectionSet.selections) {
    directives += selection.directives?.length ?? 0;
    let inner: Totals = nothing;
    if (selection.kind === 'Field') {
      selections += 1;
      rootFields += 1;
      if (selection.alias) aliases += 1;
      if (selection.selectionSet) {
        inner = measureSelections(selection.selectionSet, fragments, totals);
      }
      depth = Math.max(depth, isIntrospection(selection.name.value) ? 0 : inner.depth + 1);
    } else {
      inner =
        selection.kind === 'InlineFragment'
          ? measureSelections(selection.selectionSet, fragments, totals)
          : measureFragment(selection.name.value, fragments, totals);
      rootFields += inner.rootFields;
      depth = Math.max(depth, inner.depth);
    }
    selections += inner.selections;
    aliases += inner.aliases;
    directives += inner.directives;
  }
  return {
    depth,
    selections: capped(selections),
    aliases: capped(aliases),
    rootFields: capped(rootFields),
    directives: capped(directives),
  };
}

function measureFragment(
  name: string,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  totals: Map<string, Totals>,
): Totals {
  const known = totals.get(name);
  if (known) return known;
  const fragment = fragments.get(name);
  if (!fragment) return nothing;
  totals.set(name, nothing);
  const measured = measureSelections(fragment.selectionSet, fragments, totals);
  totals.set(name, measured);
  return measured;
}

function isIntrospection(fieldName: string): boolean {
  return fieldName === '__schema' || fieldName === '__type';
}

function highestOf(a: Totals, b: Totals): Totals {
  return {
    depth: Math.max(a.depth, b.depth),
    selections: Math.max(a.selections, b.selections),
    aliases: Math.max(a.aliases, b.aliases),
    rootFields: Math.max(a.rootFields, b.rootFields),
    directives: Math.max(a.directives, b.directives),
  };
}

function capped(count: number): number {
  return Math.min(count, Number.MAX_SAFE_INTEGER);
}
