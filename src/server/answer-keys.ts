import { AnswerKey, operationKey } from '../load/answer-key.ts';
import type { OperationRun } from './operation-run.ts';

/** Of each plan: its key, and the last one of its reads without variables. */
interface KnownKeys {
  readonly operation: string;
  last: AnswerKey | null;
}

const known = new WeakMap<object, KnownKeys>();
let lastId = 0;

/** What tells this operation's answers from all others, but for who asks. */
export function answerKeyOf(
  bff: string,
  plan: object,
  { request, caller, locale }: Pick<OperationRun, 'request' | 'caller' | 'locale'>,
): AnswerKey {
  let keys = known.get(plan);
  if (keys === undefined) {
    // An answer lives no longer than its process, in which a plan has one schema.
    const operation = operationKey({ bff, schemaHash: '', operation: String(++lastId) });
    known.set(plan, (keys = { operation, last: null }));
  }
  const { client } = caller;
  const { variables } = request;
  const parts = { variables, locale, client };
  if (keys.last?.isOf(parts)) return keys.last;
  const key = new AnswerKey(keys.operation, parts);
  // Variables may be as long as a body: none are held on to.
  if (variables === null) keys.last = key;
  return key;
}
