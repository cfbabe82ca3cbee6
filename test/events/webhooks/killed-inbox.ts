/** Accepts webhooks into the file of `argv[2]` and tells its parent of each, until it is killed. */
import { openSqliteFile } from '../../../src/events/sqlite-file.ts';
import { Inbox } from '../../../src/events/webhooks/inbox.ts';
import { inboxTables } from '../../../src/events/webhooks/webhook-tables.ts';

const inbox = new Inbox({
  file: openSqliteFile({ path: process.argv[2] ?? '', schema: inboxTables, backend: 'webhooks' }),
  // Nothing gets out before the end.
  publish: () => new Promise(() => {}),
  log: () => {},
});
for (let number = 0; number < 10_000; number += 1) {
  const id = `msg_${number}`;
  await inbox.accept({ source: 'partner', id, event: `"${id}"`, keptMs: 60_000_000 });
  process.send?.(id);
}
