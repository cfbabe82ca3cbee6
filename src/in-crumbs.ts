/**
 * Whether so many chunks of a body have so few bytes that it is their number which costs: some 1.5 µs
 * each, before anybody knows who sends it. 2 MB in chunks of one byte held everybody else up for over
 * a second. Packets of a slow network have a thousand bytes and more.
 */
export function isInCrumbs(chunks: number, bytes: number): boolean {
  return chunks > 1_000 && bytes < chunks * 64;
}
