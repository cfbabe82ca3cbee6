import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type CloudEvent, cloudEvent } from '../../../src/events/cloud-event.ts';
import { openSqliteFile } from '../../../src/events/sqlite-file.ts';
import type { FindAddresses } from '../../../src/events/webhooks/outgoing/address-guard.ts';
import { OutgoingWebhooks } from '../../../src/events/webhooks/outgoing/outgoing-webhooks.ts';
import { outgoingTables } from '../../../src/events/webhooks/webhook-tables.ts';

interface Options {
  readonly path?: string;
  readonly allowLoopback?: boolean;
  readonly find?: FindAddresses;
}

/** Outgoing webhooks over a topic of the test's own, on a clock of its own. */
export function outgoing({ path = ':memory:', allowLoopback = true, find }: Options = {}) {
  const clock = { now: Date.now() };
  const lines: string[] = [];
  const listeners = new Map<string, (event: CloudEvent) => void>();
  const file = openSqliteFile({ path, schema: outgoingTables, backend: 'webhooks' });
  const webhooks = new OutgoingWebhooks({
    file,
    topics: ['flights.changed', 'flights.cancelled'],
    live: {
      listen({ name }, listener) {
        listeners.set(name, listener);
        return () => listeners.delete(name);
      },
    },
    rule: { allowLoopback },
    log: (line) => lines.push(line),
    now: () => clock.now,
    ...(find && { find }),
  });
  let isClosed = false;
  const close = async () => {
    if (isClosed) return;
    isClosed = true;
    await webhooks.close();
    await file.close();
  };
  onTestFinished(close);
  return {
    webhooks,
    clock,
    lines,
    listeners,
    close,
    register: async (url: string, topics = ['flights.changed']) =>
      webhooks.register({ url, topics, description: '' }),
    publish(id: string, type = 'flights.changed') {
      const time = '2026-11-22T10:00:00.000Z';
      listeners.get(type)?.(cloudEvent({ type, source: '/bff/web', id, time, data: { id } }));
    },
    /** Lets the clock go on, and what is due then be tried. */
    async pass(ms: number) {
      clock.now += ms;
      await webhooks.wake();
      await webhooks.settled();
    },
    log: (id: string) => webhooks.log(id, 50, null),
  };
}

export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;

/** A folder of the test's own. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'webhooks-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
