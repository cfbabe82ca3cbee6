import {
  type GraphQLLeafType,
  GraphQLScalarType,
  isSpecifiedScalarType,
  type GraphQLNamedOutputType,
  isEnumType,
  isScalarType,
} from 'graphql';

type Serialize = (value: unknown) => unknown;

/**
 * The shortest function that serializes a leaf as the type of its place does, then as the type of
 * the graph does when the two differ. What a remote place sent is serialized already. Throws what
 * the types throw.
 */
export function serializerOf(
  own: GraphQLNamedOutputType | undefined,
  graph: GraphQLLeafType,
  remote: boolean,
): Serialize {
  const type = isScalarType(own) || isEnumType(own) ? own : graph;
  const first = remote ? receive(type) : fastSerializer(type);
  if (type === graph || !isScalarType(graph) || isSpecifiedScalarType(graph)) return first;
  if (graph.serialize === (type as GraphQLScalarType).serialize) return first;
  if (graph.serialize === plain.serialize && graph.parseValue === plain.parseValue) return first;
  return (value) => strict(graph, graph.parseValue(first(value)));
}

function receive(type: GraphQLLeafType): Serialize {
  if (isEnumType(type)) {
    return (value) => {
      if (typeof value === 'string' && type.getValue(value)) return value;
      throw new Error(`Enum "${type.name}" cannot represent value: ${show(value)}`);
    };
  }
  return isSpecifiedScalarType(type) ? fastSerializer(type) : (value) => value;
}

const plain = new GraphQLScalarType({ name: 'Plain' });

function fastSerializer(type: GraphQLLeafType): Serialize {
  switch (type.name) {
    case 'String':
    case 'ID':
      return (value) => (typeof value === 'string' ? value : strict(type, value));
    case 'Boolean':
      return (value) => (typeof value === 'boolean' ? value : strict(type, value));
    case 'Int':
      return (value) =>
        typeof value === 'number' && (value | 0) === value ? value : strict(type, value);
    case 'Float':
      return (value) =>
        typeof value === 'number' && Number.isFinite(value) ? value : strict(type, value);
    default:
      return (value) => strict(type, value);
  }
}

function strict(type: GraphQLLeafType, value: unknown): unknown {
  const serialized: unknown = type.serialize(value);
  if (serialized === null || serialized === undefined) {
    throw new Error(
      `Expected \`${show(type)}.serialize(${show(value)})\` to return non-nullable value, returned: ${show(serialized)}`,
    );
  }
  return serialized;
}

/** A value as messages show it: two levels deep, ten items of a list. */
export function show(value: unknown, depth = 0): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return value.name ? `[function ${value.name}]` : '[function]';
  if (typeof value !== 'object' || value === null) return String(value);
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') {
    const json: unknown = toJSON.call(value);
    if (json !== value) return typeof json === 'string' ? json : show(json, depth + 1);
  } else if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    if (depth > 1) return '[Array]';
    const items = value.slice(0, 10).map((item) => show(item, depth + 1));
    const more = value.length - items.length;
    if (more > 0) items.push(more === 1 ? '... 1 more item' : `... ${more} more items`);
    return `[${items.join(', ')}]`;
  }
  const members = Object.entries(value);
  if (members.length === 0) return '{}';
  if (depth > 1) {
    const tag = Object.prototype.toString.call(value).slice(8, -1);
    const name = (value as { constructor?: { name?: string } }).constructor?.name;
    return `[${tag === 'Object' && name ? name : tag}]`;
  }
  return `{ ${members.map(([key, member]) => `${key}: ${show(member, depth + 1)}`).join(', ')} }`;
}
