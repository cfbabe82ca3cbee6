/** False only when the function names fewer than four parameters and cannot see them otherwise. */
export function readsInfo(resolve: (...values: never[]) => unknown): boolean {
  if (resolve.length >= 4) return true;
  const text = Function.prototype.toString.call(resolve);
  if (/\.\.\.|\barguments\b|\[native code\]/.test(text)) return true;
  const arrow = text.indexOf('=>');
  const head = text.slice(0, arrow < 0 ? text.indexOf(')') : arrow);
  return head.includes('=');
}
