import type { StringBuilder } from '@streamparser/json/utils/bufferedString.js';
import { inOnePiece } from '../../one-piece.ts';

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
  /** What was joined last, behind the text. */
  #recent = '';
  #joints = 0;

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

  /** Half of a surrogate pair, which UTF-8 has no bytes for. */
  appendCharCode(code: number): void {
    this.#flush();
    this.#join(String.fromCharCode(code));
  }

  reset(): void {
    this.#buffered = 0;
    this.#text = '';
    this.#recent = '';
    this.#joints = 0;
    this.byteLength = 0;
  }

  toString(): string {
    this.#flush();
    return this.#text + this.#recent;
  }

  #flush(): void {
    if (this.#buffered === 0) return;
    this.#join(this.#buffer.toString('utf8', 0, this.#buffered));
    this.#buffered = 0;
  }

  #join(piece: string): void {
    this.#recent += piece;
    this.#joints += 1;
    if (this.#joints < mostJoints) return;
    this.#text += inOnePiece(this.#recent);
    this.#recent = '';
    this.#joints = 0;
  }
}

/** A joint of two texts takes 32 bytes for as long as the text is kept in pieces. */
const mostJoints = 4_096;
