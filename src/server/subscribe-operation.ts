import type { ExecutionResult } from 'graphql';
import { JsonText } from '../engine/text.ts';
import { EventPosition } from '../events/topics/event-position.ts';
import { policyOf, watchViewer } from '../load/answer-policy.ts';
import type { Invalidations } from '../load/invalidations.ts';
import type { RequestContext } from '../request.ts';
import type { Admitted, OperationRequest } from './admission/admission.ts';
import type { Composed, MaybePromise, Subscribed } from './composed.ts';
import { EventPayload, gapTold } from './event-payload.ts';
import { eventSource } from './event-source.ts';
import { answerKeyOf } from './answer-keys.ts';
import type { OperationRun } from './operation-run.ts';
import type { Caller, Outcome } from './operations.ts';
import { type EventRun, type SharedAnswer, SharedAnswers } from './shared-answers.ts';
import { Subscription } from './subscription.ts';

export interface SubscriberOptions<Plan> {
  readonly composed: Pick<Composed<Plan>, 'name' | 'engine'>;
  readonly invalidations: Pick<Invalidations, 'now'>;
}

/** Opens subscriptions. What their events are answered with is shared as far as it may be. */
export function createSubscriber<Plan>({ composed, invalidations }: SubscriberOptions<Plan>) {
  const { name, engine } = composed;
  const answers = new SharedAnswers({ invalidations });

  return async ({ plan, type }: Admitted<Plan>, run: OperationRun): Promise<Outcome> => {
    const { request, caller, open, report } = run;
    const operation = open(caller.signal);
    const { context } = operation;
    let subscribed: Subscribed | ExecutionResult;
    try {
      subscribed = await report.execute(() =>
        engine.subscribe(plan, {
          variables: request.variables ?? undefined,
          context,
          signal: context.signal,
        }),
      );
    } catch (error) {
      operation.release();
      throw error;
    }
    if (!('events' in subscribed)) {
      operation.release();
      return { kind: 'single', type, ...report.answer(subscribed) };
    }
    const source = eventSource(subscribed.events);
    const { text } = answerKeyOf(name, plan as object, run);
    // A waterfall is of what was asked for its client.
    const group = answers.join(report.showsWaterfall ? `${text} ${caller.requestId}` : text);
    const position = context.position ?? new EventPosition();
    const told = (shared: SharedAnswer, cursor: string | null): EventPayload => {
      const answer = report.event(shared.answer);
      return typeof answer === 'string'
        ? shared.payload(answer, cursor)
        : new EventPayload(answer, cursor);
    };
    const runEvent = (event: unknown, signal: AbortSignal) =>
      answerEvent(event, subscribed, operation.eventContext(signal), run);
    const events = new Subscription({
      source,
      position,
      signal: context.signal,
      answer: (event) => {
        const { cursor } = position;
        const answered = group.answer(event, context.signal, runEvent);
        return answered instanceof Promise
          ? answered.then((shared) => told(shared, cursor))
          : told(answered, cursor);
      },
      gap: () => new EventPayload(report.event(gapTold()), position.cursor),
      failed: (error) => new EventPayload({ data: null, errors: [report.maskThrown(error)] }, null),
      ended: () => {
        group.leave();
        operation.release();
        report.end();
      },
    });
    return { kind: 'events', events };
  };
}

/** Answers one event, and notes whether that depended on who asks. */
function answerEvent(
  event: unknown,
  { answer }: Subscribed,
  eventContext: RequestContext,
  { report }: OperationRun,
): MaybePromise<EventRun> {
  const context = watchViewer(eventContext);
  report.eventStarted(context);
  const ran = (answered: JsonText | ExecutionResult): EventRun => ({
    answer: answered instanceof JsonText ? answered.toString() : answered,
    isForAll: policyOf(context).isForAll,
  });
  const answering = answer(event, { context, signal: context.signal });
  return answering instanceof Promise ? answering.then(ran) : ran(answering);
}

/** Where a subscription begins, and what happens when its client does not keep up. */
export function positionOf(
  { extensions }: OperationRequest,
  { headers, hangUp }: Caller,
): EventPosition {
  const position = new EventPosition(resumeAfter(extensions, headers));
  position.onOverrun(() => hangUp?.());
  return position;
}

/**
 * Where a client that comes back left off: the `Last-Event-ID` of Server-Sent Events, or
 * `extensions: { events: { cursor } }` of the operation, as it was in the last event's extensions.
 */
function resumeAfter(
  extensions: OperationRequest['extensions'],
  headers: Pick<Headers, 'get'>,
): string | null {
  const events = extensions?.['events'] ?? null;
  const given = typeof events === 'object' && events !== null && 'cursor' in events;
  const cursor = given ? events.cursor : events;
  if (cursor === null || cursor === undefined) return headers.get('last-event-id') || null;
  // What is no text was said by nobody here, and can't be gone on after.
  return typeof cursor === 'string' ? cursor : '';
}
