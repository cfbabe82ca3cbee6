import type { RequestContext } from '../request.ts';
import type { BatchAnswer } from './ask.ts';

/** What several operations may wait for. It ends early only when all of them have left. */
export interface Flight {
  readonly answer: Promise<FlightAnswer>;
  /** On the clock of `performance.now()`, in milliseconds; its own, not that of who started it. */
  readonly deadline: number;
  /** What had been invalidated and forgotten when it started. */
  readonly moment: Moment;
  join(): void;
  leave(): void;
}

export interface Moment {
  readonly tags: number;
  readonly keys: number;
}

export type FlightAnswer = BatchAnswer & {
  /** Only after a look into the shared store: keys without a value have yet to be asked for. */
  readonly asOf?: string | null;
  /** How long its values may be kept, in milliseconds. */
  readonly keepForMs: number;
  /** Of each of its values. */
  readonly tags: readonly (readonly string[])[];
};

/** A key under which values are shared: its scope, arguments and own text in one. */
export interface SharedKey {
  readonly id: string;
  readonly text: string;
  readonly key: unknown;
}

/** The operation that starts a flight: what its calls are made with. */
export interface Asker {
  readonly context: RequestContext;
  readonly args: unknown;
  /** What stands before the text of its keys; differs from before once a batch proves to vary by language. */
  prefix(): string;
}
