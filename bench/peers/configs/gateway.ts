/** Hive Gateway, serving the composed supergraph. Env: `SUPERGRAPH`, `PORT`, `CACHED`. */
import { defineConfig } from '@graphql-hive/gateway';

export const gatewayConfig = defineConfig({
  supergraph: process.env['SUPERGRAPH'] ?? '',
  host: '127.0.0.1',
  port: Number(process.env['PORT']),
  logging: 'error',
  pollingInterval: 0,
  graphiql: false,
  additionalResolvers: { Query: { greet: () => 'Hello World!' } },
  ...(process.env['CACHED'] === '1'
    ? { responseCaching: { session: () => null, ttl: 600_000 }, cache: { type: 'localforage' } }
    : {}),
});
