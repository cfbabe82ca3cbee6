/**
 * What stays in memory when nothing repeats: 100,000 operations to one server in this process, each
 * with a document of its own, refused in its own way, or of another viewer. Prints a line every
 * 10,000: resident memory, heap after a collection, and CPU per operation. Memory stays flat when
 * every cache keeps within its cap.
 *
 *   node bench/documents.ts [documents|refused|viewers …] [--count 100000]
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parseArgs } from 'node:util';
import {
  createServer,
  createSubschemaBuilder,
  defineBatch,
  defineBff,
  defineRestBackend,
  defineSubschema,
  fakeBackend,
  type RunningServer,
} from 'tailorbird';
import { alignTable } from './table.ts';

interface Row {
  readonly id: string;
  readonly text: string;
}

interface Sent {
  readonly query: string;
  readonly viewer: string;
}

/** The operation of each number. */
const kinds: Readonly<Record<string, (number: number) => Sent>> = {
  documents: (number) => ({
    query: `query Page${number} { a${number}: rows { id text${number}: text } notes { id text } }`,
    viewer: 'v',
  }),
  refused: (number) => ({ query: `query Page${number} { none${number} }`, viewer: 'v' }),
  viewers: (number) => ({
    query: '{ rows { id text } notes { id text } }',
    viewer: `v${number}`,
  }),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string', default: '100000' } },
});
const count = Number(values.count);
const step = Math.ceil(count / 10);
const ids = Array.from({ length: 10 }, (_, index) => String(index));
const ttlMs = 3_600_000;
const nowhere = 'http://127.0.0.1:9';
const ignore = (): void => {};
/** Batches of the graph make their rows themselves. */
const nobody = fakeBackend({});

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const mb = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);

for (const kind of positionals.length > 0 ? positionals : Object.keys(kinds)) {
  const sent = kinds[kind];
  if (!sent) throw new Error(`there is no "${kind}"; there are: ${Object.keys(kinds).join(', ')}`);
  const server = rowsServer();
  const cells = [[kind, 'resident MB', 'heap MB', 'CPU µs each']];
  for (let from = 0; from < count; from += step) {
    const before = process.cpuUsage();
    for (let number = from; number < from + step; number++) {
      await answer(server, sent(number), kind === 'refused');
    }
    const { user, system } = process.cpuUsage(before);
    collect();
    const { rss, heapUsed } = process.memoryUsage();
    const each = ((user + system) / step).toFixed(0);
    cells.push([String(from + step), mb(rss), mb(heapUsed), each]);
  }
  await server.close();
  process.stdout.write(`${alignTable(cells).join('\n')}\n\n`);
}

async function answer(server: RunningServer, { query, viewer }: Sent, refused: boolean) {
  const response = await server.fetch(
    new Request('http://127.0.0.1/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-viewer': viewer },
      body: JSON.stringify({ query }),
    }),
  );
  const text = await response.text();
  if (text.includes('"errors"') !== refused) {
    throw new Error(`HTTP ${response.status}, ${text.slice(0, 300)}`);
  }
}

/** Rows for everyone and rows of viewers, both kept as long as there is room. */
function rowsServer(): RunningServer {
  const everyones = defineRestBackend({ name: 'everyones', endpoints: nowhere });
  const owned = defineRestBackend({ name: 'owned', endpoints: nowhere });
  const rows = {
    load: async (ids: readonly string[]) => ids.map((id) => ({ id, text: `row ${id}` })),
    keyOf: ({ id }: Row) => id,
  };
  const rowById = defineBatch(everyones, { ...rows, cache: { scope: 'public', ttlMs } });
  const noteById = defineBatch(owned, { ...rows, cache: { scope: 'viewer', ttlMs } });

  const builder = createSubschemaBuilder();
  const RowRef = builder.objectRef<Row>('Row').implement({
    fields: (t) => ({ id: t.exposeID('id'), text: t.exposeString('text') }),
  });
  builder.queryField('rows', (t) =>
    t.field({
      type: [RowRef],
      nullable: { list: true, items: true },
      resolve: (_, _args, context) => ids.map((id) => rowById.load(context, id)),
    }),
  );
  const ownBuilder = createSubschemaBuilder();
  const NoteRef = ownBuilder.objectRef<Row>('Note').implement({
    authScopes: { viewer: true },
    fields: (t) => ({ id: t.exposeID('id'), text: t.exposeString('text') }),
  });
  ownBuilder.queryField('notes', (t) =>
    t.field({
      type: [NoteRef],
      nullable: { list: true, items: true },
      resolve: (_, _args, context) => ids.map((id) => noteById.load(context, id)),
    }),
  );
  return createServer(
    defineBff({
      name: 'documents',
      subschemas: [
        defineSubschema({ backend: everyones, builder }),
        defineSubschema({ backend: owned, builder: ownBuilder }),
      ],
    }),
    {
      environment: 'production',
      persistedOnly: false,
      logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
      // The limits are kept account of, and let everything through.
      limits: { budgetPoints: 1e9, addressRequests: 1e9 },
      backends: { everyones: nobody, owned: nobody },
      viewer: ({ headers }) => ({ subject: headers.get('x-viewer') ?? '', scopes: [] }),
    },
  );
}
