import {
  type ASTNode,
  type DirectiveNode,
  type DocumentNode,
  type ExecutionResult,
  getNullableType,
  type GraphQLSchema,
  isListType,
  Kind,
  parse,
  type SelectionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { Engine } from '../../../src/engine/engine.ts';
import { type Random, randomOf } from './random.ts';

/**
 * The same operation, which asks for some of its fragments and the ends of some of its lists later.
 * What has the same response key is streamed alike, as the specification wants it.
 */
export function inParts(
  document: DocumentNode,
  schema: GraphQLSchema,
  random: Random,
): DocumentNode {
  const seed = random.next();
  const types = new TypeInfo(schema);
  const defers = <Node extends { readonly directives?: readonly DirectiveNode[] }>(node: Node) =>
    random.chance(0.3)
      ? { ...node, directives: [...(node.directives ?? []), directive('@defer')] }
      : undefined;
  return visit(
    document,
    visitWithTypeInfo(types, {
      Field: {
        leave(node) {
          const type = types.getType();
          const own = randomOf(`${seed} ${node.alias?.value ?? node.name.value}`);
          if (!type || !isListType(getNullableType(type)) || !own.chance(0.3)) return undefined;
          const stream = directive(`@stream(initialCount: ${own.int(3)})`);
          return { ...node, directives: [...(node.directives ?? []), stream] };
        },
      },
      FragmentSpread: { leave: defers },
      InlineFragment: { leave: defers },
      SelectionSet: {
        leave(node) {
          const { selections } = node;
          if (selections.length < 2 || !random.chance(0.25)) return undefined;
          const cut = random.int(selections.length);
          return {
            ...node,
            selections: [...selections.slice(0, cut), later(selections.slice(cut))],
          };
        },
      },
    }),
  ) as DocumentNode;
}

function later(selections: readonly SelectionNode[]): SelectionNode {
  return {
    kind: Kind.INLINE_FRAGMENT,
    directives: [directive('@defer')],
    selectionSet: { kind: Kind.SELECTION_SET, selections },
  };
}

function directive(text: string): DirectiveNode {
  const [definition] = parse(`{ a ${text} }`).definitions;
  const [field] = (definition as ASTNode & { selectionSet: { selections: SelectionNode[] } })
    .selectionSet.selections;
  return field!.directives![0]!;
}

/**
 * All parts of an answer to `source` put together as a client does it. Where several of its fragments
 * ask for the same, each stands for itself: what the errors of one make null is there in another.
 * Fails: Error where a part stands in what is not there, is null without an error, or follows the last.
 */
export async function together(
  answer: Awaited<ReturnType<Engine['execute']>>,
  source: string,
): Promise<ExecutionResult> {
  if (!('initialResult' in answer)) return answer;
  const { data, errors = [] } = structured(answer.initialResult);
  const all = [...errors];
  let isLast = false;
  for await (const { incremental = [], hasNext } of answer.subsequentResults) {
    if (isLast) throw new Error('a part came after the last');
    isLast = !hasNext;
    for (const part of incremental) {
      const at = part.path.join('.');
      all.push(...(part.errors ?? []));
      const keys = part.items === undefined ? part.path : part.path.slice(0, -1);
      let place: unknown = data;
      let name = '';
      for (const key of keys) {
        if (!isObject(place)) break;
        if (typeof key === 'string') name = key;
        place = (place as Record<string | number, unknown>)[key];
      }
      if (!isObject(place)) {
        if (source.match(new RegExp(`\\b${name}\\b`, 'g'))?.length !== 1) continue;
        throw new Error(`nothing is at ${at}`);
      }
      const value = structured(part.items === undefined ? part.data : part.items);
      if (value === null || value === undefined) {
        if (part.errors === undefined) throw new Error(`null without an error at ${at}`);
      } else if (part.items === undefined) merge(place, value);
      else merge(place, entriesFrom(value as unknown[], part.path.at(-1) as number));
    }
  }
  if (!isLast) throw new Error('the last part says that there are more');
  return { data, ...(all.length > 0 && { errors: all }) } as ExecutionResult;
}

function merge(into: object, from: object): void {
  for (const [key, value] of Object.entries(from)) {
    const known = (into as Record<string, unknown>)[key];
    if (isObject(known) && isObject(value)) merge(known, value);
    else if (!isObject(known) || value !== null) (into as Record<string, unknown>)[key] = value;
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const entriesFrom = (items: readonly unknown[], start: number): Record<number, unknown> =>
  Object.fromEntries(items.map((item, at) => [start + at, item]));
const structured = <Value>(value: Value): Value =>
  value === undefined ? value : (JSON.parse(JSON.stringify(value)) as Value);
