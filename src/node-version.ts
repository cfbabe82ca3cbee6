/** The oldest Node that the published package runs on. */
export const oldestNode = '22.19';

/** What to say on a Node that is older; null on one that is not. */
export function tooOldNode(running: string = process.version): string | null {
  const [major = 0, minor = 0] = running.slice(1).split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldestNode.split('.').map(Number);
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return null;
  return `tailorbird needs Node ${oldestNode} or newer, but this is Node ${running.slice(1)}; install a newer one from https://nodejs.org`;
}
