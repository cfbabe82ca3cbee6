import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';

/** RFC 3339: a date, a time, and `Z` or an offset. */
const pattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/i;

/** An instant: a `Date` inside, RFC 3339 in UTC outside. */
export const DateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description: 'An instant in UTC, such as `2001-01-01T00:47:00.000Z`.',
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
  serialize(value) {
    const date = value instanceof Date ? value : new Date(String(value));
    if (Number.isNaN(date.getTime()))
      throw new GraphQLError(`DateTime cannot represent ${String(value)}`);
    return date.toISOString();
  },
  parseValue: parse,
  parseLiteral(node) {
    if (node.kind !== Kind.STRING) {
      throw new GraphQLError('DateTime takes a string such as "2001-01-01T00:47:00Z"', {
        nodes: node,
      });
    }
    return parse(node.value);
  },
});

function parse(value: unknown): Date {
  if (value instanceof Date) return value;
  const date = typeof value === 'string' && pattern.test(value) ? new Date(value) : null;
  if (date && !Number.isNaN(date.getTime())) return date;
  throw new GraphQLError('DateTime takes a string such as "2001-01-01T00:47:00Z"');
}
