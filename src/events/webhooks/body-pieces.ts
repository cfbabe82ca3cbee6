/** Chunks as long as this are kept as they came; shorter ones share room of this size, in bytes. */
const blockBytes = 16 * 1_024;

/**
 * A body as it arrives, in at most twice the memory that it has bytes: a sender may cut it into chunks
 * of one byte, and each of them kept by itself would take over a hundred.
 */
export class BodyPieces {
  readonly #pieces: Buffer[] = [];
  /** Where short chunks go, behind the pieces. */
  #block: Buffer = nothing;
  #used = 0;

  add(chunk: Buffer): void {
    if (this.#used + chunk.length > this.#block.length) {
      this.#endBlock();
      // Most bodies are one short chunk.
      if (chunk.length >= blockBytes || this.#pieces.length === 0) {
        this.#pieces.push(chunk);
        return;
      }
      this.#block = Buffer.allocUnsafeSlow(blockBytes);
    }
    chunk.copy(this.#block, this.#used);
    this.#used += chunk.length;
  }

  /** All that was added, in order. */
  take(): readonly Buffer[] {
    this.#endBlock();
    return this.#pieces;
  }

  clear(): void {
    this.#pieces.length = 0;
    this.#block = nothing;
    this.#used = 0;
  }

  #endBlock(): void {
    if (this.#used > 0) this.#pieces.push(this.#block.subarray(0, this.#used));
    this.#block = nothing;
    this.#used = 0;
  }
}

const nothing = Buffer.alloc(0);
