import { graphqlCop } from '../audits/graphql-cop.ts';
import { slowClients } from '../audits/slow-clients.ts';
import { backendRows } from './backend-rows.ts';
import type { Row } from './row.ts';
import { hostileRow } from './server/hostile.ts';
import { hotKey } from './server/hot-key.ts';
import { identicalReads } from './server/identical-reads.ts';
import { otherViewers } from './server/other-viewers.ts';
import { rollingRestart } from './server/rolling-restart.ts';
import { saturation } from './server/saturation.ts';

/** The fault table, in the order it runs. */
export const rows: readonly Row[] = [
  ...backendRows,
  identicalReads,
  hotKey,
  otherViewers,
  hostileRow,
  rollingRestart,
  saturation,
  ...slowClients,
  graphqlCop,
];
