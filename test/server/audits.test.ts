import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stubServer } from '../support/stub-server.ts';

describe('GraphQL over HTTP', () => {
  const server = stubServer();
  let url = '';
  beforeAll(async () => {
    ({ url } = await server.listen());
  });
  afterAll(() => server.close());

  for (const audit of serverAudits({ url: () => url })) {
    test(audit.name, async () => {
      expect(await audit.fn()).toMatchObject({ status: 'ok' });
    });
  }
});
