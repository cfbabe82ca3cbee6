import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createServer,
  defineBff,
  defineSubschema,
  fakeBackend,
  type RunningServer,
  type Viewer,
} from 'tailorbird';
import type { RestRequest } from '../../../../src/backend/backend.ts';
import { createLogger } from '../../../../src/server/log.ts';
import { clientFields, type Keyed, shop, shopSchema, vault, vaultSchema } from './graph.ts';

export type Roles = Readonly<Record<string, Omit<Viewer, 'subject'> | null>>;

export interface AccessServer extends RunningServer {
  readonly url: string;
  /** Fields and keys that the vault was asked for since the last time this was asked. */
  asked(): string[];
  /** Publishes a change of product 1 to the next subscription, once there is one. */
  change(): Promise<void>;
}

/** Ids of the operations that can be asked for with GET. */
export const idOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** A server over the graph; `x-role` and `x-subject` say who asks. */
export async function accessServer(
  roles: Roles,
  registered: readonly string[],
): Promise<AccessServer> {
  let announce: (() => void) | undefined;
  const waiting = new Set<(product: Keyed) => void>();
  const changes = async function* () {
    for (;;) {
      yield await new Promise<Keyed>((resolve) => {
        waiting.add(resolve);
        announce?.();
      });
    }
  };
  const calls: string[] = [];
  const fake = fakeBackend({
    'GET /values': ({ query }: RestRequest) => {
      const ids = query['ids'] as readonly string[];
      calls.push(`${String(query['field'])} ${ids.join()}`);
      return ids.map((id) => ({ id, text: `secret ${String(query['field'])} of ${id}` }));
    },
  });
  const operations = mkdtempSync(join(tmpdir(), 'tailorbird-access-'));
  const generated = join(operations, 'generated', '1.0.0');
  mkdirSync(generated, { recursive: true });
  writeFileSync(
    join(generated, 'persisted-documents.json'),
    JSON.stringify(Object.fromEntries(registered.map((text) => [idOf(text), text]))),
  );
  const bff = defineBff({
    name: 'access',
    subschemas: [
      defineSubschema({
        backend: shop,
        builder: shopSchema(changes),
        merge: { Product: { key: 'id', entry: '_shopProducts' } },
      }),
      defineSubschema({
        backend: vault,
        builder: vaultSchema(),
        merge: { Product: { key: 'id', entry: '_products' } },
      }),
    ],
    fields: [clientFields()],
    operations,
  });
  const server = createServer(bff, {
    backends: { vault: fake, shop: fakeBackend({}) },
    settings: {},
    environment: 'development',
    logger: createLogger({ environment: 'production', level: 'silent' }),
    viewer: ({ headers }) => {
      const rights = roles[headers.get('x-role') ?? ''];
      return rights ? { subject: headers.get('x-subject') ?? 'somebody', ...rights } : null;
    },
  });
  const { url } = await server.listen();
  return {
    ...server,
    url,
    asked: () => calls.splice(0),
    async change() {
      waiting.clear(); // those have left
      while (waiting.size === 0) {
        await new Promise<void>((resolve) => {
          announce = resolve;
        });
      }
      for (const resolve of waiting) resolve({ id: '1' });
      waiting.clear();
    },
  };
}
