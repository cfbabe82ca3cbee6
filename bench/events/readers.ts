import { openSocket, openStream, type Reader, type Seen } from './reader.ts';

// The subscribers of `bench/events.ts`, in a process of their own. Told to open so many; then says
// what they have seen since it was last asked.

export type ReadersOrder =
  | {
      readonly open: number;
      readonly url: string;
      readonly query: string;
      readonly transport: string;
    }
  | { readonly report: true }
  | { readonly leave: true };

/** How many of the readers say how late their events are: every twentieth, wherever it is in line. */
const looksEach = 20;

const readers: Reader[] = [];
const seen: Seen = { events: 0, late: [] };

process.on('message', async (order: ReadersOrder) => {
  if ('open' in order) {
    const url = new URL(order.url);
    const openReader = order.transport === 'sse' ? openStream : openSocket;
    while (readers.length < order.open) {
      const some = Array.from({ length: Math.min(50, order.open - readers.length) }, (_, at) =>
        openReader(url, order.query, seen, (readers.length + at) % looksEach === 0),
      );
      readers.push(...(await Promise.all(some)));
    }
    process.send?.({ open: readers.length });
  } else if ('report' in order) {
    process.send?.(seen);
    seen.events = 0;
    seen.late.length = 0;
  } else {
    for (const reader of readers.splice(0)) reader.leave();
  }
});
process.on('disconnect', () => process.exit(0));
