import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { JSONWebKeySet } from 'jose';
import type { Adapter, Payload } from 'oidc-provider';
import { openSeeded } from '../service/database.ts';

export interface IdentityStore {
  /** The signing keys, made on the first start and kept. */
  readonly jwks: JSONWebKeySet;
  /** The same without their private parts. */
  readonly publicJwks: JSONWebKeySet;
  /** What the provider signs its cookies with. */
  readonly cookieKeys: readonly string[];
  /** Keeps what the provider knows of one kind: sessions, grants, refresh tokens. */
  adapter(kind: string): Adapter;
  close(): void;
}

/** Opens the provider's database. */
export function openIdentity(dataDir: string): IdentityStore {
  const database = openSeeded({ dataDir, name: 'identity', version: 1, seed });
  const secret = (name: string) =>
    JSON.parse(
      String(database.prepare('SELECT value FROM secrets WHERE name = ?').get(name)?.['value']),
    ) as never; // as `seed` wrote it
  database.prepare('DELETE FROM entries WHERE expires_at_ms < ?').run(Date.now());
  const jwks: JSONWebKeySet = secret('jwks');
  return {
    jwks,
    publicJwks: { keys: jwks.keys.map(({ d: _private, ...key }) => key) },
    cookieKeys: secret('cookieKeys'),
    adapter: (kind) => adapter(database, kind),
    close: () => database.close(),
  };
}

function seed(database: DatabaseSync): void {
  database.exec(`
    CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE entries (kind TEXT NOT NULL, id TEXT NOT NULL, payload TEXT NOT NULL,
      grant_id TEXT, uid TEXT, consumed_at INTEGER, expires_at_ms INTEGER, PRIMARY KEY (kind, id));
    CREATE INDEX entries_by_grant ON entries (grant_id);
    CREATE INDEX entries_by_uid ON entries (kind, uid);`);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = {
    ...privateKey.export({ format: 'jwk' }),
    kid: randomUUID(),
    use: 'sig',
    alg: 'ES256',
  };
  const insert = database.prepare('INSERT INTO secrets VALUES (?, ?)');
  insert.run('jwks', JSON.stringify({ keys: [key] }));
  insert.run('cookieKeys', JSON.stringify([randomBytes(32).toString('base64url')]));
}

function adapter(database: DatabaseSync, kind: string): Adapter {
  const columns = 'payload, consumed_at AS consumedAt';
  const alive = '(expires_at_ms IS NULL OR expires_at_ms >= ?)';
  const byId = database.prepare(
    `SELECT ${columns} FROM entries WHERE kind = ? AND id = ? AND ${alive}`,
  );
  const byUid = database.prepare(
    `SELECT ${columns} FROM entries WHERE kind = ? AND uid = ? AND ${alive}`,
  );
  const upsert = database.prepare('INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)');
  const consume = database.prepare('UPDATE entries SET consumed_at = ? WHERE kind = ? AND id = ?');
  const remove = database.prepare('DELETE FROM entries WHERE kind = ? AND id = ?');
  const revoke = database.prepare('DELETE FROM entries WHERE kind = ? AND grant_id = ?');

  return {
    async upsert(id, payload, expiresInSeconds) {
      const expiresAtMs =
        expiresInSeconds === undefined ? null : Date.now() + expiresInSeconds * 1_000;
      const { grantId = null, uid = null } = payload;
      upsert.run(kind, id, JSON.stringify(payload), grantId, uid, null, expiresAtMs);
    },
    find: async (id) => payloadOf(byId.get(kind, id, Date.now())),
    findByUid: async (uid) => payloadOf(byUid.get(kind, uid, Date.now())),
    findByUserCode: async () => undefined,
    async consume(id) {
      consume.run(Math.floor(Date.now() / 1_000), kind, id);
    },
    async destroy(id) {
      remove.run(kind, id);
    },
    async revokeByGrantId(grantId) {
      revoke.run(kind, grantId);
    },
  };
}

function payloadOf(row: Record<string, unknown> | undefined): Payload | undefined {
  if (row === undefined) return undefined;
  const payload = JSON.parse(String(row['payload'])) as Payload;
  return row['consumedAt'] === null ? payload : { ...payload, consumed: Number(row['consumedAt']) };
}
