import { bffAnswers } from './answers.ts';
import { type Child, startChild } from './child.ts';
import type { Part } from './parts.ts';
import type { Ports } from './ports.ts';

/** A part that has been started. */
export interface RunningPart {
  readonly part: Part;
  readonly child: Child;
  /** Resolves when it answers; fails with a message and its last lines when it ends or stays silent. */
  readonly answers: Promise<void>;
}

const answerWithinMs = 20_000;

/**
 * Starts a part. `print` gets what it prints once it answers, and what it has complained of until
 * then; when it fails before, the caller has its last lines.
 */
export function runPart(
  part: Part,
  ports: Ports,
  env: Readonly<Record<string, string>>,
  print: (line: string) => void,
): RunningPart {
  let answering = false;
  const heldBack: string[] = [];
  const said = Promise.withResolvers<void>();
  const child = startChild({
    entry: part.entry,
    env,
    onLine(line, stream) {
      if (answering) print(line);
      else if (stream === 'stderr') heldBack.push(line);
      if (stream === 'stdout' && isReadyLine(line)) said.resolve();
    },
  });

  const giveUp = new AbortController();
  const timer = setTimeout(
    () => giveUp.abort(new Error(`has not answered within ${answerWithinMs / 1_000} s`)),
    answerWithinMs,
  );
  void child.ended.then((how) => giveUp.abort(new Error(`ended (${how}) before it answered`)));
  const ready = part.group === 'bffs' ? bffAnswers(part, ports, giveUp.signal) : said.promise;
  const answers = Promise.race([
    ready,
    new Promise<never>((_resolve, reject) => {
      giveUp.signal.addEventListener('abort', () => reject(giveUp.signal.reason));
    }),
  ])
    .then(() => {
      answering = true;
      heldBack.forEach(print);
    })
    .finally(() => clearTimeout(timer));
  return { part, child, answers };
}

/** The one line in which a service of the sandbox says where it is. */
function isReadyLine(line: string): boolean {
  return line.startsWith('{"service":') && line.includes('"url":');
}
