/** A position in a list, made opaque: `scope` names the list, `after` is the last row's sort key. */
export function encodePageToken(scope: string, after: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([scope, ...after])).toString('base64url');
}

/**
 * The sort key in `token`, or null when it is none of ours, is of another list than `scope`, or has
 * not the key's types.
 */
export function decodePageToken(
  scope: string,
  token: string,
  types: readonly ('string' | 'number')[],
): (string | number)[] | null {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    return null;
  }
  if (!Array.isArray(value)) return null;
  const [tokenScope, ...after] = value;
  if (tokenScope !== scope || after.length !== types.length) return null;
  return after.every((part, index) => typeof part === types[index]) ? after : null;
}
