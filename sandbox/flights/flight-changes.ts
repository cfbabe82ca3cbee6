import { type ReplayClock, replay } from './replay.ts';
import type { FlightRow, FlightStore } from './store.ts';

/** Something happened to a flight, as `FlightChange` of the contract has it. */
export interface FlightChange {
  readonly flightId: string;
  readonly origin: string;
  readonly destination: string;
  readonly change: 'departed' | 'delayed' | 'gate';
}

/** What changes of all flights, for any number of listeners. */
export interface FlightChanges {
  tell(flight: FlightRow, change: FlightChange['change']): void;
  /** Hears everything until what it returns is called. */
  listen(listener: (change: FlightChange) => void): () => void;
  /** The same as a stream, until `signal` aborts. */
  watch(signal: AbortSignal): AsyncGenerator<FlightChange>;
  close(): void;
}

/** Every so many departures, a later flight of the same airport gets a gate. */
const departuresPerGate = 400;

/** Replays departures, with gates assigned before some, while somebody listens. */
export function createFlightChanges(store: FlightStore, clock: ReplayClock): FlightChanges {
  const listeners = new Set<(change: FlightChange) => void>();
  let stop: AbortController | undefined;

  const tell: FlightChanges['tell'] = ({ id, origin, destination }, change) => {
    for (const listener of listeners)
      listener({ flightId: String(id), origin, destination, change });
  };

  const play = async (signal: AbortSignal) => {
    const { first, last } = store.span;
    const flights = store.all();
    const events = flights.map((flight, index) => ({
      flight,
      index,
      atSeconds: flight.departsAt - first,
    }));
    let isLatest = true;
    for await (const { flight, index } of replay(events, last - first + 60, clock, signal)) {
      // The first one left before anybody listened.
      if (!isLatest) tell(flight, 'departed');
      isLatest = false;
      if (index % departuresPerGate === 0) assignGate(flights, index);
    }
  };

  const assignGate = (flights: readonly FlightRow[], index: number) => {
    const origin = flights[index]?.origin;
    const later = flights.slice(index + 1, index + 500).find((flight) => flight.origin === origin);
    if (!later) return;
    const gate = `${'ABCDE'[later.id % 5]}${1 + (later.id % 40)}`;
    const updated = store.update(later.id, { gate });
    if (updated) tell(updated, 'gate');
  };

  const changes: FlightChanges = {
    tell,
    listen(listener) {
      listeners.add(listener);
      if (!stop) {
        stop = new AbortController();
        void play(stop.signal);
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        stop?.abort();
        stop = undefined;
      };
    },
    async *watch(signal) {
      const waiting: FlightChange[] = [];
      let wake = () => {};
      const leave = changes.listen((change) => {
        waiting.push(change);
        wake();
      });
      signal.addEventListener('abort', () => wake(), { once: true });
      try {
        while (!signal.aborted) {
          const change = waiting.shift();
          if (change) yield change;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        leave();
      }
    },
    close() {
      listeners.clear();
      stop?.abort();
    },
  };
  return changes;
}
