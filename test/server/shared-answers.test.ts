import { expect, it } from 'vitest';
import { noteTopicEvent } from '../../src/events/topics/topic-reader.ts';
import { type RunEvent, SharedAnswers } from '../../src/server/shared-answers.ts';

/** Answers in groups of two, with a clock and invalidations at hand. */
function group() {
  const clock = { now: 0 };
  const invalidations = { now: 0 };
  const answers = new SharedAnswers({ invalidations, now: () => clock.now });
  const one = answers.join('key');
  const other = answers.join('key');
  let runs = 0;
  const run: RunEvent = () => ({ answer: `{"data":${(runs += 1)}}`, isForAll: true });
  const ask = async (event: unknown) => {
    const { answer } = await one.answer(event, new AbortController().signal, run);
    return answer;
  };
  return { answers, one, other, clock, invalidations, ask };
}

function topicEvent(): object {
  const event = {};
  noteTopicEvent(event);
  return event;
}

it('an answer is shared for a second', async () => {
  const { clock, ask } = group();
  const event = topicEvent();
  expect(await ask(event)).toBe('{"data":1}');
  clock.now = 999;
  expect(await ask(event)).toBe('{"data":1}');
  clock.now = 1_000;
  expect(await ask(event)).toBe('{"data":2}');
});

it('an answer is not shared with who asks after something was invalidated', async () => {
  const { invalidations, ask } = group();
  const event = topicEvent();
  expect(await ask(event)).toBe('{"data":1}');
  invalidations.now += 1;
  expect(await ask(event)).toBe('{"data":2}');
});

it('a value that no topic gave is answered each time that it comes', async () => {
  const { ask } = group();
  const same = {};
  expect(await ask(same)).toBe('{"data":1}');
  expect(await ask(same)).toBe('{"data":2}');
});

it('a group is gone with the last of it', () => {
  const { answers, one, other } = group();
  expect(answers.size).toBe(1);
  one.leave();
  expect(answers.size).toBe(1);
  other.leave();
  expect(answers.size).toBe(0);
});

it('an answer that fails does so for all who wait for it, and is made anew after', async () => {
  const { one } = group();
  const event = topicEvent();
  const { signal } = new AbortController();
  const failing = Promise.withResolvers<never>();
  const waiting = [1, 2].map(() => one.answer(event, signal, () => failing.promise));
  failing.reject(new Error('no'));
  for (const each of waiting) await expect(each).rejects.toThrow('no');
  const again = await one.answer(event, signal, () => ({ answer: 'made', isForAll: true }));
  expect(again.answer).toBe('made');
});
