// For every copy of this library in the process: a command's own need not be the one that a bff imports.
const refusal = Symbol.for('tailorbird.noServing');
const state = globalThis as { [refusal]?: string };

/** For a command that imports a module to read what it exports: what to say when it serves instead. */
export function refuseServing(message: string): void {
  state[refusal] = message;
}

/** What to end the process with instead of serving; undefined when it may serve. */
export function servingRefusal(): string | undefined {
  return state[refusal];
}
