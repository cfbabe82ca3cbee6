import type { StringBuilder } from '@streamparser/json/utils/bufferedString.js';

/**
 * Shorter pieces lie where the collector copies what is young, and 25 MB of them cost it pauses of
 * 50–110 ms; those of 256 KiB and more stay where they are.
 */
const bufferBytes = 1_024 * 1_024;

/**
 * Builds strings from bytes that are known to be UTF-8, in whole characters and at most 1 MiB at
 * once. U+FEFF stays wherever it is.
 */
export class StringOfPieces implements StringBuilder {
  byteLength = 0;
  readonly #buffer = Buffer.allocUnsafeSlow(bufferBytes);
  #buffered = 0;
  #text = '';

  appendChar(byte: number): void {
    if (this.#buffered === bufferBytes) this.#flush();
    this.#buffer[this.#buffered] = byte;
    this.#buffered += 1;
    this.byteLength += 1;
  }

  appendBuf(bytes: Uint8Array, start = 0, end = bytes.length): void {
    const size = end - start;
    if (this.#buffered + size > bufferBytes) this.#flush();
    this.#buffer.set(bytes.subarray(start, end), this.#buffered);
    this.#buffered += size;
    this.byteLength += size;
  }

  appendCharCode(code: number): void {
    this.#flush();
    this.#text += String.fromCharCode(code);
  }

  reset(): void {
    this.#buffered = 0;
    this.#text = '';
    this.byteLength = 0;
  }

  toString(): string {
    this.#flush();
    return this.#text;
  }

  #flush(): void {
    this.#text += this.#buffer.toString('utf8', 0, this.#buffered);
    this.#buffered = 0;
  }
}
