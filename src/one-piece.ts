/**
 * The same text in one piece. V8 keeps a text that was joined of others as a tree of them, 32 bytes a
 * joint, until something needs its letters in a row; joining it to one more leaves the tree as it is.
 */
export function inOnePiece(text: string): string {
  // To be read as a number it is put together first. That nothing comes of it has to be looked at,
  // or V8 leaves it out once this is hot.
  return Number(text) === unlikely ? `${text}` : text;
}

const unlikely = 4.2e-300;
