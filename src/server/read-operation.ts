import type { ExecutionResult } from 'graphql';
import { JsonText } from '../engine/text.ts';
import type { AnswerCache, Answered } from '../load/answer-cache.ts';
import { policyOf, watchViewer } from '../load/answer-policy.ts';
import { cacheControlOf } from '../load/cache-control.ts';
import type { Admitted } from './admission/admission.ts';
import { answeredInTime } from './answered-in-time.ts';
import type { Composed, MaybePromise } from './composed.ts';
import { answerKeyOf } from './answer-keys.ts';
import type { OperationRun } from './operation-run.ts';
import type { OperationReport } from './operation-report.ts';
import type { Outcome } from './operations.ts';

export interface ReaderOptions<Plan> {
  readonly composed: Pick<Composed<Plan>, 'name' | 'engine'>;
  readonly answers: AnswerCache;
}

/** Runs queries that are answered in one piece: kept, shared with who asks the same now, or run. */
export function createReader<Plan>({ composed, answers }: ReaderOptions<Plan>) {
  const { name, engine } = composed;
  return ({ plan, type }: Admitted<Plan>, run: OperationRun): MaybePromise<Outcome> => {
    const { request, caller, viewer, open, report } = run;
    const key = answerKeyOf(name, plan as object, run);
    const answered = answers.run<ExecutionResult>(
      { key, viewer, waiter: caller },
      async (signal) => {
        const operation = open(signal);
        const context = watchViewer(operation.context);
        try {
          const result = await answeredInTime(
            report.execute(() =>
              engine.executeToText(plan, {
                variables: request.variables ?? undefined,
                context,
                signal: operation.left,
              }),
            ),
            operation,
          );
          const policy = policyOf(context);
          if (!(result instanceof JsonText)) return { policy, failed: result };
          return { policy, body: markStale(result, policy.staleBackends) };
        } finally {
          operation.release();
        }
      },
    );
    return answered instanceof Promise
      ? answered.then((late) => outcomeOf(late, type, report))
      : outcomeOf(answered, type, report);
  };
}

function outcomeOf(
  answered: Answered<ExecutionResult>,
  type: Admitted<unknown>['type'],
  report: OperationReport,
): Outcome {
  if ('failed' in answered) return { kind: 'single', type, ...report.answer(answered.failed) };
  report.reused(answered);
  const body = report.answerBody(answered.body);
  return { kind: 'body', body, cacheControl: cacheControlOf(answered) };
}

/** Says in the answer which backends it has old values of. */
function markStale(body: JsonText, backends: ReadonlySet<string>): JsonText {
  if (backends.size === 0) return body;
  const extensions = JSON.stringify({ stale: [...backends] });
  return new JsonText(`${body.toString().slice(0, -1)},"extensions":${extensions}}`);
}
