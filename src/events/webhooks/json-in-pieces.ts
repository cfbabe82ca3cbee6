import { isUtf8 } from 'node:buffer';
import { Tokenizer, TokenParser, TokenType } from '@streamparser/json';
import { StringOfPieces } from './string-of-pieces.ts';

/** Bytes that are parsed in one go: 4 ms at most where a body is nothing but small values. */
const pieceBytes = 16 * 1_024;

/** Deeper documents are refused: each level costs some 400 bytes while it is open. */
export const mostLevels = 10_000;

const bom = Buffer.from('\ufeff');

/**
 * What `JSON.parse` makes of a body in UTF-8, a piece with each step.
 *
 * Fails: Error where the body is no UTF-8, no JSON, or deeper than 10,000 levels.
 */
export function* jsonInPieces(chunks: readonly Buffer[]): Generator<void, unknown> {
  let value: unknown;
  let level = 0;
  // The path of the whole document: only that is told, and nothing is dropped before.
  const values = new TokenParser({ paths: ['$'], keepStack: false });
  // Named first: a function literal that is written to a property lives until a full collection.
  const keep: TokenParser['onValue'] = (whole) => {
    value = whole.value;
  };
  values.onValue = keep;
  const tokens = new Tokenizer();
  // Its own builders of strings lose U+FEFF where a string, or a buffer of one, begins with it.
  Reflect.set(tokens, 'bufferedString', new StringOfPieces());
  Reflect.set(tokens, 'bufferedNumber', new StringOfPieces());
  const pass: Tokenizer['onToken'] = (token) => {
    if (token.token === TokenType.LEFT_BRACE || token.token === TokenType.LEFT_BRACKET) {
      level += 1;
      if (level > mostLevels) throw new Error(`the body is deeper than ${mostLevels} levels`);
    } else if (token.token === TokenType.RIGHT_BRACE || token.token === TokenType.RIGHT_BRACKET) {
      level -= 1;
    }
    values.write(token);
  };
  tokens.onToken = pass;
  // It takes a mark of the byte order between the first tokens, too, unless it has had one.
  tokens.write(bom);

  let isFirst = true;
  for (const piece of wholeCharacters(chunks)) {
    const begin = isFirst && piece.subarray(0, bom.length).equals(bom) ? bom.length : 0;
    isFirst = false;
    tokens.write(piece.subarray(begin));
    yield;
  }
  tokens.end();
  if (!values.isEnded) values.end();
  if (value === undefined) throw new Error('the body is empty');
  return value;
}

/** A body in pieces of whole characters. Fails: Error where it is no UTF-8. */
function* wholeCharacters(chunks: readonly Buffer[]): Generator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      const piece = chunk.subarray(at, at + pieceBytes);
      const bytes = rest.length > 0 ? Buffer.concat([rest, piece]) : piece;
      const end = endOfWholeCharacters(bytes);
      rest = bytes.subarray(end);
      if (!isUtf8(bytes.subarray(0, end))) throw new Error('the body is no UTF-8');
      if (end > 0) yield bytes.subarray(0, end);
    }
  }
  if (rest.length > 0) throw new Error('the body is no UTF-8');
}

/** Where a character begins that goes on in the next piece; the length where none does. */
function endOfWholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
