/** A `google.protobuf.Timestamp` as it arrives: whole seconds since 1970 as text, and nanoseconds. */
export interface Timestamp {
  readonly seconds: string;
  readonly nanos: number;
}

/** The moment of a `google.protobuf.Timestamp`, to the millisecond. Fails: Error when it is missing. */
export function timestampToDate(timestamp: Timestamp | null): Date {
  if (!timestamp) throw new Error('the backend left out a timestamp that its contract promises');
  return new Date(Number(timestamp.seconds) * 1_000 + Math.floor(timestamp.nanos / 1e6));
}

/** A moment as a `google.protobuf.Timestamp`. */
export function dateToTimestamp(date: Date): Timestamp {
  const seconds = Math.floor(date.getTime() / 1_000);
  return { seconds: String(seconds), nanos: (date.getTime() - seconds * 1_000) * 1e6 };
}
