import { join } from 'node:path';
import type { Work } from './contestant.ts';
import { constantBytes, handWritten, ours } from './own-contestants.ts';
import { pageQuery } from './work/page-query.ts';

export const pageWork: Work = {
  name: 'page',
  title: 'an airport page, three layers over REST and gRPC',
  query: pageQuery,
  upstream: (ports) => ({
    file: process.execPath,
    args: [join(import.meta.dirname, 'upstream/airport-page.ts')],
    env: {
      PORT: String(ports.http),
      GRPC_PORT: String(ports.grpc),
    },
  }),
  contestants: [handWritten('page', ['uncached', 'cached']), constantBytes, ours('page')],
};
