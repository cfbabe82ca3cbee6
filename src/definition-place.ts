import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where a definition was written: for error messages and for paths relative to it. */
export interface DefinitionPlace {
  /** Absolute path of the file. */
  readonly file: string;
  readonly line: number;
}

/**
 * The place that called `definition`, the function that calls this one.
 * Read from the stack, so that `defineX({ … })` needs no `import.meta`; null where the
 * runtime has no stack.
 */
export function placeOfCaller(definition: (...args: never[]) => unknown): DefinitionPlace | null {
  const carrier: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 1;
  Error.captureStackTrace(carrier, definition);
  const frame = carrier.stack?.split('\n')[1];
  Error.stackTraceLimit = limit;
  const match = frame && /\(?((?:file:\/\/)?\/[^()]*?|[A-Za-z]:[^()]*?):(\d+):\d+\)?$/.exec(frame);
  if (!match?.[1]) return null;
  const file = match[1].startsWith('file://') ? fileURLToPath(match[1]) : match[1];
  return { file, line: Number(match[2]) };
}

/** `bff-mobile/fields/flight.ts:5`, relative to the working directory. */
export function describePlace(place: DefinitionPlace | null): string {
  if (!place) return 'an unknown file';
  return `${relative(process.cwd(), place.file)}:${place.line}`;
}
