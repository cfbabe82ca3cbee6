import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { getOperationAST, parse } from 'graphql';
import { createClient } from 'graphql-sse';

/** With a session cookie, every request needs it; without one it does nothing. */
const csrf = { 'x-bff-csrf': '1' };

/** Asks the server for the backend calls of what it answers. */
const waterfall = { 'x-tailorbird-waterfall': '1' };

/**
 * Queries and mutations over POST, `@defer` and `@stream` as multipart, subscriptions as
 * server-sent events, which carry the headers of the headers editor (a browser's WebSocket can't).
 * What the server says of its backend calls goes to `recorder`, and not into the answer that is shown.
 */
export function createFetcher(url, recorder) {
  const post = createGraphiQLFetcher({ url, headers: csrf });
  return (given, options) => {
    const { params, type } = readOperation(given);
    if (params.operationName === 'IntrospectionQuery') return post(params, options);
    const headers = { ...waterfall, ...options?.headers };
    recorder.begin({ name: params.operationName ?? null, type });
    if (type !== 'subscription') return recorded(post(params, { ...options, headers }), recorder);
    const client = createClient({ url, retryAttempts: 0, headers: { ...csrf, ...headers } });
    return recorded(client.iterate(params), recorder);
  };
}

/** Right after a change of tabs GraphiQL still names the last tab's operation; the text decides. */
function readOperation(params) {
  try {
    const document = parse(params.query);
    const operation = getOperationAST(document, params.operationName) ?? getOperationAST(document);
    if (!operation) return { params, type: 'query' };
    return {
      params: { ...params, operationName: operation.name?.value },
      type: operation.operation,
    };
  } catch {
    return { params, type: 'query' };
  }
}

/** The same answer, its results without what is for the recorder. */
async function recorded(answer, recorder) {
  const results = await answer;
  if (Symbol.asyncIterator in results) return recordedEach(results, recorder);
  const result = withoutWaterfall(results, recorder);
  recorder.end();
  return result;
}

async function* recordedEach(results, recorder) {
  try {
    for await (const result of results) {
      yield Array.isArray(result)
        ? result.map((part) => withoutWaterfall(part, recorder))
        : withoutWaterfall(result, recorder);
    }
  } finally {
    recorder.end();
  }
}

function withoutWaterfall(result, recorder) {
  const { tailorbird, ...extensions } = result?.extensions ?? {};
  if (!tailorbird) return result;
  recorder.add(tailorbird);
  const { extensions: _, ...rest } = result;
  return Object.keys(extensions).length > 0 ? { ...rest, extensions } : rest;
}
