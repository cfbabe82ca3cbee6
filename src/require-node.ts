import { tooOldNode } from './node-version.ts';

// Imported ahead of everything else, so that it speaks before any module that an older Node can't run.
const problem = tooOldNode();
if (problem !== null) {
  // Its frames would all be Node's own.
  Error.stackTraceLimit = 0;
  throw new Error(problem);
}
