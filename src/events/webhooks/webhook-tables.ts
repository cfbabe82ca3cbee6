/** Ids that were seen, and events that wait for their topic. */
export const inboxTables = `
  CREATE TABLE IF NOT EXISTS webhook_inbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    event TEXT,
    leased_until INTEGER NOT NULL,
    done_at INTEGER,
    kept_until INTEGER NOT NULL,
    UNIQUE (source, id)
  );
  CREATE INDEX IF NOT EXISTS webhook_inbox_waiting ON webhook_inbox (seq) WHERE done_at IS NULL;
  CREATE INDEX IF NOT EXISTS webhook_inbox_kept ON webhook_inbox (kept_until);
`;

/** Who is told of what, what is to be told, and how that went. Times in milliseconds since 1970. */
export const outgoingTables = `
  CREATE TABLE IF NOT EXISTS webhook_consumers (
    id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    topics TEXT NOT NULL,
    description TEXT NOT NULL,
    secret TEXT NOT NULL,
    former_secret TEXT,
    former_until INTEGER,
    created_at INTEGER NOT NULL,
    disabled_at INTEGER,
    note TEXT,
    last_success_at INTEGER,
    failures_in_row INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE IF NOT EXISTS webhook_messages (
    id TEXT PRIMARY KEY,
    topic TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS webhook_messages_created ON webhook_messages (created_at);
  CREATE TABLE IF NOT EXISTS webhook_deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    consumer TEXT NOT NULL REFERENCES webhook_consumers (id) ON DELETE CASCADE,
    message TEXT NOT NULL REFERENCES webhook_messages (id) ON DELETE CASCADE,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    first_attempt_at INTEGER,
    due_at INTEGER,
    done_at INTEGER,
    UNIQUE (consumer, message)
  );
  CREATE INDEX IF NOT EXISTS webhook_deliveries_due
    ON webhook_deliveries (consumer, due_at) WHERE status = 'pending';
  CREATE INDEX IF NOT EXISTS webhook_deliveries_message ON webhook_deliveries (message);
  CREATE TABLE IF NOT EXISTS webhook_attempts (
    delivery INTEGER NOT NULL REFERENCES webhook_deliveries (seq) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    ms INTEGER NOT NULL,
    status INTEGER,
    problem TEXT,
    answer TEXT
  );
  CREATE INDEX IF NOT EXISTS webhook_attempts_delivery ON webhook_attempts (delivery);
`;
