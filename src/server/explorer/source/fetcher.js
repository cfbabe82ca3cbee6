import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { getOperationAST } from 'graphql';
import { createClient } from 'graphql-sse';

/**
 * Queries and mutations over POST, `@defer` and `@stream` as multipart, subscriptions as
 * server-sent events, which carry the headers of the headers editor (a browser's WebSocket can't).
 */
export function createFetcher(url) {
  const post = createGraphiQLFetcher({ url });
  return (params, options) => {
    const operation =
      options?.documentAST && getOperationAST(options.documentAST, params.operationName);
    if (operation?.operation !== 'subscription') return post(params, options);
    const client = createClient({ url, retryAttempts: 0, headers: options?.headers ?? {} });
    return client.iterate(params);
  };
}
