import { describe, expect, test } from 'vitest';
import { AnswerKey } from '../../src/load/answer-key.ts';
import { stableText } from '../../src/load/stable-text.ts';

const client = { name: null, version: null };
/** The key of an answer to a request whose variables came as this JSON. */
const keyOf = (variables: string) =>
  new AnswerKey('op', { variables: JSON.parse(variables), locale: null, client }).text;

describe('the key of an answer', () => {
  test('tells apart what JSON would write alike', () => {
    const values = ['1e400', '-1e400', 'null', '0', '-0', '"Infinity"', '"Infinityn"', '"null"'];
    const keys = values.map((value) => keyOf(`{"x": ${value}}`));
    expect(new Set(keys).size).toBe(values.length);
  });

  test('tells apart a variable that is null and one that is not there', () => {
    expect(keyOf('{"x": null}')).not.toBe(keyOf('{}'));
  });

  test('is the same in any order of names, at any depth', () => {
    expect(keyOf('{"a": {"c": 1, "b": [2.0]}, "d": 3}')).toBe(
      keyOf('{"d": 3, "a": {"b": [2], "c": 1e0}}'),
    );
  });
});

test('a large whole number is not the text of its digits', () => {
  expect(stableText(12n)).not.toBe(stableText('12'));
  expect(stableText(12n)).not.toBe(stableText('12n'));
});
