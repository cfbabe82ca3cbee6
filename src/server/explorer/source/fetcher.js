import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { getOperationAST, parse } from 'graphql';
import { createClient } from 'graphql-sse';

/** With a session cookie, every request needs it; without one it does nothing. */
const csrf = { 'x-bff-csrf': '1' };

/**
 * Queries and mutations over POST, `@defer` and `@stream` as multipart, subscriptions as
 * server-sent events, which carry the headers of the headers editor (a browser's WebSocket can't).
 */
export function createFetcher(url) {
  const post = createGraphiQLFetcher({ url, headers: csrf });
  return (given, options) => {
    const { params, isSubscription } = readOperation(given);
    if (!isSubscription) return post(params, options);
    const client = createClient({
      url,
      retryAttempts: 0,
      headers: { ...csrf, ...options?.headers },
    });
    return client.iterate(params);
  };
}

/** Right after a change of tabs GraphiQL still names the last tab's operation; the text decides. */
function readOperation(params) {
  try {
    const document = parse(params.query);
    const operation = getOperationAST(document, params.operationName) ?? getOperationAST(document);
    if (!operation) return { params, isSubscription: false };
    return {
      params: { ...params, operationName: operation.name?.value },
      isSubscription: operation.operation === 'subscription',
    };
  } catch {
    return { params, isSubscription: false };
  }
}
