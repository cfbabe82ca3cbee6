import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isListType,
  isNonNullType,
  isObjectType,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { CostLimit, Limits } from '../../limits.ts';
import {
  addChoice,
  addPage,
  addPart,
  addTo,
  isFixed,
  leaf,
  mergeInto,
  type Shape,
  type Totals,
} from './cost-shape.ts';
import { declaredCost } from './field-cost.ts';
import { createInputCount } from './input-items.ts';
import { listSizeOf, type Size } from './list-size.ts';
import { type Guard, guardsOf, readerFor, type Variables } from './variable-reads.ts';

/** What one request of an operation amounts to. */
export interface Cost {
  /** One for each object that can be reached, ten for each mutation, or as its field declares. */
  readonly points: number;
  /** Objects and leaf values that its answer can have. */
  readonly nodes: number;
  /** The first limit that it is over; null when it is within all of them. */
  readonly exceeds: CostLimit | null;
}

export type CostOf = (variables: Variables | null | undefined) => Cost;

/**
 * The cost of a valid operation as a function of its variables. Its shape is worked out here, once;
 * where no variable decides anything, every request has the same, ready-made answer.
 *
 * Fields that merge count once, of fragments on different object types the most expensive, and a
 * list by its page size, its declared length or the assumed one. An upper bound: what is null or
 * shorter was still asked for. Introspection counts one.
 */
export function compileCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  limits: Limits,
): CostOf {
  const root = schema.getRootType(operation.operation);
  if (!root) return () => ({ points: 0, nodes: 0, exceeds: null });
  const shape = new ShapeCompiler(schema, document, operation, limits).shapeOf(
    [{ type: root, set: operation.selectionSet, guards: [] }],
    null,
    operation.operation === 'mutation' ? mutationPoints : null,
  );
  const inputItems = createInputCount(schema, document, operation);

  const costFor: CostOf = (variables) => {
    const totals: Totals = { points: 0, nodes: 0, page: 0 };
    addTo(shape, variables ?? noVariables, 1, totals);
    const { points, nodes } = totals;
    const exceeds: CostLimit | null =
      totals.page > limits.pageSize
        ? 'pageSize'
        : inputItems.count(variables ?? noVariables) > limits.inputItems
          ? 'inputItems'
          : points > limits.costPoints
            ? 'costPoints'
            : nodes > limits.answerNodes
              ? 'answerNodes'
              : null;
    return { points, nodes, exceeds };
  };
  if (!isFixed(shape) || !inputItems.isFixed) return costFor;
  const always = costFor(null);
  return () => always;
}

const mutationPoints = 10;
const noVariables: Variables = {};

interface Selected {
  readonly type: GraphQLCompositeType;
  readonly set: SelectionSetNode;
  readonly guards: readonly Guard[];
}

interface Occurrence {
  readonly node: FieldNode;
  readonly guards: readonly Guard[];
}

interface FieldUse {
  readonly type: GraphQLCompositeType;
  readonly occurrences: Occurrence[];
}

class ShapeCompiler {
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #schema: GraphQLSchema;
  readonly #limits: Limits;
  readonly #read: ReturnType<typeof readerFor>;

  constructor(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    limits: Limits,
  ) {
    this.#schema = schema;
    this.#limits = limits;
    this.#read = readerFor(operation);
    this.#fragments = new Map(
      document.definitions.flatMap((definition) =>
        definition.kind === 'FragmentDefinition' ? [[definition.name.value, definition]] : [],
      ),
    );
  }

  /** `rows` is the page size that the connection around these selections was asked for. */
  shapeOf(selected: readonly Selected[], rows: Size | null, each: number | null): Shape {
    const shape: Shape = { points: 0, nodes: 0, page: 0, parts: [], choices: [] };
    const fields = new Map<string, FieldUse>();
    const byType = new Map<string, Selected[]>();
    for (const one of selected) this.#collect(one, one.type, fields, byType);
    for (const use of fields.values()) this.#addField(shape, use, rows, each);
    const options = [...byType.values()].map((sets) => this.shapeOf(sets, rows, each));
    if (options.length === 1 && options[0]) mergeInto(shape, options[0]);
    else if (options.length > 1) addChoice(shape, options);
    return shape;
  }

  /** Fields by response key; what only one object type of an abstract one has, apart. */
  #collect(
    { type, set, guards }: Selected,
    parent: GraphQLCompositeType,
    fields: Map<string, FieldUse>,
    byType: Map<string, Selected[]>,
  ): void {
    for (const selection of set.selections) {
      const own = guardsOf(selection, this.#read);
      if (own === null) continue;
      const all = own.length === 0 ? guards : [...guards, ...own];
      if (selection.kind === 'Field') {
        const key = selection.alias?.value ?? selection.name.value;
        const known = fields.get(key);
        const occurrence = { node: selection, guards: all };
        if (known) known.occurrences.push(occurrence);
        else fields.set(key, { type, occurrences: [occurrence] });
        continue;
      }
      const fragment =
        selection.kind === 'FragmentSpread' ? this.#fragments.get(selection.name.value) : selection;
      if (!fragment) continue;
      const named =
        fragment.typeCondition && this.#schema.getType(fragment.typeCondition.name.value);
      const condition = named && isCompositeType(named) ? named : type;
      const inner: Selected = { type: condition, set: fragment.selectionSet, guards: all };
      if (isAbstractType(parent) && isObjectType(condition)) {
        const others = byType.get(condition.name);
        if (others) others.push(inner);
        else byType.set(condition.name, [inner]);
      } else this.#collect(inner, parent, fields, byType);
    }
  }

  #addField(shape: Shape, use: FieldUse, rows: Size | null, each: number | null): void {
    const { type, occurrences } = use;
    const [first] = occurrences;
    const name = first?.node.name.value ?? '';
    const field = fieldOf(type, name);
    const guards = occurrences.some((occurrence) => occurrence.guards.length === 0)
      ? []
      : occurrences.map((occurrence) => occurrence.guards);
    if (!first || !field) {
      // `__typename`, `__schema` and `__type`.
      const isMeta = name !== '__typename';
      return addPart(shape, { guards, size: one, shape: leaf(isMeta ? 1 : 0) });
    }
    const named = getNamedType(field.type);
    const composite = isCompositeType(named);
    const lists = listDepth(field.type);
    const own = listSizeOf(field, first.node, this.#read, this.#limits);
    const isConnection = lists === 0 && own !== null && composite;
    const ofConnection = rows !== null && (name === 'nodes' || name === 'edges') ? rows : null;
    const length: Size = lists === 0 ? one : (own ?? ofConnection ?? assumed(this.#limits));
    const inner = composite
      ? this.shapeOf(
          occurrences.flatMap(({ node, guards: around }) =>
            node.selectionSet
              ? [
                  {
                    type: named,
                    set: node.selectionSet,
                    guards: occurrences.length > 1 ? around : [],
                  },
                ]
              : [],
          ),
          isConnection ? own : null,
          null,
        )
      : leaf(0);
    // An edge only wraps its node.
    const isObject = composite && !(ofConnection && name === 'edges');
    inner.points += declaredCost(field)?.points ?? each ?? (isObject ? 1 : 0);
    inner.nodes += composite ? 1 : 0;
    if (isConnection) addPage(inner, own);
    const size = lists > 1 ? times(length, this.#limits.assumedListSize ** (lists - 1)) : length;
    addPart(shape, { guards, size, shape: inner });
  }
}

function fieldOf(
  type: GraphQLCompositeType,
  name: string,
): GraphQLField<unknown, unknown> | undefined {
  return 'getFields' in type ? type.getFields()[name] : undefined;
}

function listDepth(type: GraphQLOutputType): number {
  if (isNonNullType(type)) return listDepth(type.ofType);
  return isListType(type) ? 1 + listDepth(type.ofType) : 0;
}

const one: Size = { length: 1, isPage: false };

function assumed(limits: Limits): Size {
  return { length: limits.assumedListSize, isPage: false };
}

function times({ length, isPage }: Size, factor: number): Size {
  return {
    isPage,
    length:
      typeof length === 'number' ? length * factor : (variables) => length(variables) * factor,
  };
}
