/** One row of the fault table. */
export interface Row {
  readonly name: string;
  /** A `scale` under 1, as `--quick` gives, makes it shorter. */
  readonly run: (scale: number) => Promise<readonly Figure[]>;
}

/** One figure and whether it keeps its promise. */
export interface Figure {
  readonly what: string;
  readonly promise: string;
  readonly figure: string;
  readonly holds: boolean;
  /** Whether it was not measured, for want of a tool. @default false */
  readonly isSkipped?: boolean;
}

/** The machine was too busy to say anything about the policies: even the healthy twin failed. */
export class TooBusy extends Error {
  override readonly name = 'TooBusy';
}

export function atMost(what: string, value: number, limit: number, unit = ''): Figure {
  const figure = `${rounded(value)}${unit}`;
  return { what, promise: `at most ${limit}${unit}`, figure, holds: value <= limit };
}

export function atLeast(what: string, value: number, limit: number, unit = ''): Figure {
  const figure = `${rounded(value)}${unit}`;
  return { what, promise: `at least ${limit}${unit}`, figure, holds: value >= limit };
}

/** A figure that nothing was promised of. */
export function shown(what: string, figure: string): Figure {
  return { what, promise: 'shown', figure, holds: true };
}

/** A figure that can't be had here, and what it takes. */
export function skipped(what: string, remedy: string): Figure {
  return { what, promise: 'measured', figure: remedy, holds: true, isSkipped: true };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function rounded(value: number): string {
  if (!Number.isFinite(value)) return 'never';
  return value >= 100 ? value.toFixed(0) : String(Number(value.toFixed(3)));
}
