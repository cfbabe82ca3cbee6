import { createRequire } from 'node:module';

/**
 * The client of Kafka. After each answer kafkajs 2.2 sets a timer to a time long gone, of which
 * Node 24 warns (tulios/kafkajs#1751); it is for requests that wait, so without any it is left out.
 */
export async function loadKafka(): Promise<typeof import('kafkajs')> {
  const { default: kafkajs } = await import('kafkajs');
  if (!isMended) {
    isMended = true;
    mendTimers();
  }
  return kafkajs;
}

let isMended = false;

/** What is mended; another version may have it elsewhere, or right. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

function mendTimers(): void {
  let queue: { readonly prototype: RequestQueue };
  try {
    const require = createRequire(import.meta.url);
    queue = require('kafkajs/src/network/requestQueue') as typeof queue; // it has no types
  } catch {
    return;
  }
  const schedule: unknown = queue.prototype?.scheduleCheckPendingRequests;
  if (typeof schedule !== 'function') return;
  queue.prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0) schedule.call(this);
  };
}
