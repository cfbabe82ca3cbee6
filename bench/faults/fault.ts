/** What a fake backend can be told to do from now on. */
export type Fault =
  | { readonly kind: 'none' }
  /** Takes requests and never answers. */
  | { readonly kind: 'hang' }
  /** Sends its headers, then nothing. */
  | { readonly kind: 'stall' }
  /** Sends a byte now and then. */
  | { readonly kind: 'trickle' }
  /** Takes ten times as long. */
  | { readonly kind: 'slow' }
  /** Answers 503 (UNAVAILABLE) to one in `every` requests. */
  | { readonly kind: 'unavailable'; readonly every: number }
  /** Ends one in `every` kept connections under its next request, after the effect where there is one. */
  | { readonly kind: 'reset-reused'; readonly every: number }
  /** Refuses connections, and has cut those that there were. */
  | { readonly kind: 'killed' };

export type FaultKind = Fault['kind'];

/** What a fake backend saw since it was last asked. */
export interface Tally {
  readonly calls: number;
  /** Effects by booking: each should have one at most. */
  readonly effects: Readonly<Record<string, number>>;
}

export const backendNames = [
  'alpha',
  'beta',
  'gamma',
  'delta',
  'replica1',
  'replica2',
  'replica3',
  'primary',
  'secondary',
] as const;

export type BackendName = (typeof backendNames)[number];

/** What the rig asks of the process that runs the fake backends. */
export type Order =
  | {
      readonly id: number;
      readonly kind: 'fault';
      readonly name: BackendName;
      readonly fault: Fault;
    }
  | { readonly id: number; readonly kind: 'tally'; readonly name: BackendName };
