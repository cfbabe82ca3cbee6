import { env } from '../../src/backend/setting.ts';
import { endpointsOf } from '../../src/backend/settings.ts';
import { runMain } from '../../src/server/run-main.ts';
import { stubServer } from '../support/stub-server.ts';

await runMain({
  name: 'stub',
  port: 0,
  adminPort: 0,
  settings: {
    flights: endpointsOf({
      name: 'flights',
      kind: 'rest',
      endpoints: env('FLIGHTS_URL', 'http://127.0.0.1:4102'),
    }),
  },
  create: (options) => stubServer(options),
});
