import { GraphQLError } from 'graphql';

/** Where a page starts: the backend's token of that page, and how many rows of it to pass over. */
export interface PageStart {
  /** The backend's own page token; empty for the first page. */
  readonly token: string;
  readonly skip: number;
}

export interface Connection<Row> {
  readonly edges: readonly { readonly cursor: string; readonly node: Row }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

/**
 * Reads the `after` argument of a connection.
 * Fails: BAD_USER_INPUT when it is not a cursor that `connectionOf` made.
 */
export function pageStart(after: string | null | undefined): PageStart {
  if (after === null || after === undefined) return { token: '', skip: 0 };
  const text = Buffer.from(after, 'base64url').toString('utf8');
  const match = /^(\d{1,3}):(.*)$/s.exec(text);
  if (!match?.[1] || match[2] === undefined || writeCursor(Number(match[1]), match[2]) !== after) {
    throw badInput(
      `after: "${clip(after)}" is not a cursor of this list; pass an endCursor or an edge's cursor as it came`,
    );
  }
  return { token: match[2], skip: Number(match[1]) };
}

/** Checks the `first` argument of a connection: 1 to 100. Fails: BAD_USER_INPUT. */
export function pageSize(first: number): number {
  if (Number.isInteger(first) && first >= 1 && first <= 100) return first;
  throw badInput(`first: ${first} is out of range; it is a whole number from 1 to 100`);
}

/**
 * A Relay connection from one page of a backend with page tokens. An edge's cursor says which
 * page it is on and how many rows to pass over, so that any edge can be continued from.
 */
export function connectionOf<Row>(
  rows: readonly Row[],
  start: PageStart,
  nextToken: string | null,
): Connection<Row> {
  const last = rows.length - 1;
  const edges = rows.map(
    (node, index) =>
      new Edge(
        node,
        index === last && nextToken
          ? { token: nextToken, skip: 0 }
          : { token: start.token, skip: start.skip + index + 1 },
      ),
  );
  return {
    edges,
    pageInfo: {
      hasNextPage: Boolean(nextToken),
      hasPreviousPage: start.token !== '' || start.skip > 0,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges[last]?.cursor ?? null,
    },
  };
}

/** Writes its cursor only when somebody asks for it. */
class Edge<Row> {
  readonly node: Row;
  readonly #after: PageStart;

  constructor(node: Row, after: PageStart) {
    this.node = node;
    this.#after = after;
  }

  get cursor(): string {
    return writeCursor(this.#after.skip, this.#after.token);
  }
}

function writeCursor(skip: number, token: string): string {
  return Buffer.from(`${skip}:${token}`, 'utf8').toString('base64url');
}

function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}
