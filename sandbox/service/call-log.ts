/** One call that a service has received. */
export interface Call {
  /** `GET /airports/{iata}` or `flights.v1.Flights/GetFlight`; no ids in it. */
  readonly operation: string;
  /** REST: path and query. gRPC: the request message. */
  readonly request: unknown;
  /** REST: the HTTP status. gRPC: the status name, such as `OK`. Null while a stream is open. */
  status: number | string | null;
  /** From arrival to answer, in milliseconds. */
  durationMs: number;
}

/** What a service was asked since it started, or since `clear()`. */
export interface CallLog {
  /** Calls of each operation, counted at arrival. */
  counts(): Record<string, number>;
  /** All calls together. */
  total(): number;
  /** The last 1,000 calls, oldest first. */
  entries(): readonly Call[];
  clear(): void;
}

/** A call log with its writing end; `print` gets one JSON line per finished call. */
export interface WritableCallLog extends CallLog {
  /** Notes a call at its arrival; the function it returns notes the answer's status. */
  begin(operation: string, request: unknown): (status: number | string) => void;
}

const keptEntries = 1_000;

export function createCallLog(service: string, print?: (line: string) => void): WritableCallLog {
  let counts = new Map<string, number>();
  let entries: Call[] = [];

  return {
    counts: () => Object.fromEntries(counts),
    total: () => counts.values().reduce((sum, count) => sum + count, 0),
    entries: () => entries.slice(-keptEntries),
    clear() {
      counts = new Map();
      entries = [];
    },
    begin(operation, request) {
      const startedAt = performance.now();
      const call: Call = { operation, request, status: null, durationMs: 0 };
      counts.set(operation, (counts.get(operation) ?? 0) + 1);
      if (entries.length >= 2 * keptEntries) entries = entries.slice(-keptEntries);
      entries.push(call);
      return (status) => {
        call.status = status;
        call.durationMs = Math.round((performance.now() - startedAt) * 1_000) / 1_000;
        print?.(JSON.stringify({ service, ...call }));
      };
    },
  };
}
