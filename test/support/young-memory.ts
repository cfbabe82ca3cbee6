import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void;

/** Weighs down what should not live on: as long as the object is held, so are these bytes. */
export const ballastBytes = 256 * 1024;

export function weighDown(object: object): void {
  Object.assign(object, { ballast: new ArrayBuffer(ballastBytes) });
}

/**
 * How many objects that `run` weighed down outlive two young collections, the second of which moves
 * what is still held to where only a full collection looks.
 */
export async function heldAfter(run: () => Promise<unknown>): Promise<number> {
  const before = await settledBytes();
  await run();
  return Math.max(0, Math.round(((await settledBytes()) - before) / ballastBytes));
}

async function settledBytes(): Promise<number> {
  for (const _ of [1, 2]) {
    await new Promise(setImmediate);
    collect({ type: 'minor' });
  }
  return process.memoryUsage().arrayBuffers;
}
