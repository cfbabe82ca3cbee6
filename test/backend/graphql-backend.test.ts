import type { IncomingMessage, ServerResponse } from 'node:http';
import { parse } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { defineGraphqlBackend, graphqlExecutor } from '../../src/backend/graphql-backend.ts';
import { createLiveBackend } from '../../src/backend/live-backend.ts';
import { contextOver } from './request-context.ts';
import { deadPort, httpServer } from './servers.ts';

const reviews = defineGraphqlBackend({ name: 'reviews', endpoints: 'http://unused' });

function over(url: URL) {
  const live = createLiveBackend(reviews, { endpoints: [url] });
  onTestFinished(() => live.transport.close());
  const context = contextOver([live]);
  return { api: reviews.api(context), context };
}

const result =
  (value: unknown, status = 200, type = 'application/graphql-response+json') =>
  (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(status, { 'content-type': type }).end(JSON.stringify(value));
  };

describe('a GraphQL backend', () => {
  it('posts a document with its variables to the endpoint itself', async () => {
    const seen: unknown[] = [];
    const url = await httpServer(async (request, response) => {
      const chunks: Buffer[] = await request.toArray();
      const { method, headers } = request;
      seen.push([
        method,
        request.url,
        headers.accept,
        JSON.parse(Buffer.concat(chunks).toString()),
      ]);
      result({ data: { stars: 4 } })(request, response);
    });
    const { api, context } = over(new URL('/graphql', url));
    const data = await api.query('query Stars($id: ID!) { stars(id: $id) }', { id: '1' });
    expect(data).toEqual({ stars: 4 });
    expect(seen).toEqual([
      [
        'POST',
        '/graphql',
        'application/graphql-response+json, application/json;q=0.9',
        {
          query: 'query Stars($id: ID!) {\n  stars(id: $id)\n}',
          operationName: 'Stars',
          variables: { id: '1' },
        },
      ],
    ]);
    expect(context.calls).toMatchObject([{ operation: 'query Stars', outcome: 'ok' }]);
  });

  it('fails a query whose answer has errors; execute hands them on', async () => {
    const answer = {
      data: { stars: null },
      errors: [{ message: 'at db1:5432', path: ['stars'], extensions: { code: 'NOT_FOUND' } }],
    };
    const { api } = over(await httpServer(result(answer)));
    await expect(api.query('{ stars }')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await api.execute('{ stars }')).toEqual(answer);
  });

  it.each([
    [200, { hello: 1 }, 'application/json', 'UPSTREAM_BAD_RESPONSE'],
    [200, [], 'application/json', 'UPSTREAM_BAD_RESPONSE'],
    [200, { data: 1 }, 'text/html', 'UPSTREAM_BAD_RESPONSE'],
    [503, { errors: [] }, 'application/json', 'UPSTREAM_UNAVAILABLE'],
  ])('that answers %i %j as %s fails', async (status, value, type, code) => {
    const { api } = over(await httpServer(result(value, status, type)));
    await expect(api.query('{ stars }')).rejects.toMatchObject({ code, backend: 'reviews' });
  });

  it('serves as the executor of a remote subschema: located errors, causes beneath', async () => {
    const answer = { data: null, errors: [{ message: 'at db1:5432', path: ['stars', 0] }] };
    const { context } = over(await httpServer(result(answer, 500)));
    const outcome = await graphqlExecutor(reviews)({ document: parse('{ stars }'), context });
    expect(outcome).toMatchObject({
      data: null,
      errors: [
        {
          path: ['stars', 0],
          originalError: { code: 'UPSTREAM_BAD_RESPONSE', backend: 'reviews' },
        },
      ],
    });
  });

  it('answers an executor with the error when it is down', async () => {
    const { context } = over(await deadPort());
    const outcome = await graphqlExecutor(reviews)({ document: parse('{ stars }'), context });
    expect(outcome).toMatchObject({
      data: null,
      errors: [{ originalError: { code: 'UPSTREAM_UNAVAILABLE' } }],
    });
  });
});
