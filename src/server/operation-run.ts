import type { Viewer } from '../request.ts';
import { AnswerKey, operationKey } from '../load/answer-key.ts';
import type { OperationRequest } from './admission/admission.ts';
import type { OperationContext } from './operation-context.ts';
import type { OperationReport } from './operation-report.ts';
import type { Caller } from './operations.ts';

/** An operation that was admitted and may begin. */
export interface OperationRun {
  readonly request: OperationRequest;
  readonly caller: Caller;
  readonly viewer: Viewer | null;
  /** Makes the operation's context, which lives until it is released or the signal aborts. */
  readonly open: (clientSignal: AbortSignal) => OperationContext;
  readonly report: OperationReport;
}

const keys = new WeakMap<object, string>();
let lastId = 0;

/** What tells this operation's answers from all others, but for who asks. */
export function answerKeyOf(
  bff: string,
  plan: object,
  { request, caller }: Pick<OperationRun, 'request' | 'caller'>,
): AnswerKey {
  let key = keys.get(plan);
  if (key === undefined) {
    // An answer lives no longer than its process, in which a plan has one schema.
    key = operationKey({ bff, schemaHash: '', operation: String(++lastId) });
    keys.set(plan, key);
  }
  const { locale, client } = caller;
  return new AnswerKey(key, { variables: request.variables, locale, client });
}
