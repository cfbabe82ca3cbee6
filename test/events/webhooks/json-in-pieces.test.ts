import { check, property, array, constantFrom, json, nat, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mostLevels } from '../../../src/events/webhooks/json-in-pieces.ts';
import { payloadInPieces, payloadOf } from '../../../src/events/webhooks/payload.ts';

/** What comes of a body that is cut at these places. */
function inPieces(body: Buffer, cuts: readonly number[]) {
  const places = [0, ...cuts, body.length].sort((a, b) => a - b);
  const steps = payloadInPieces(
    places.map((place, index) => body.subarray(place, places[index + 1])),
  );
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

const atOnce = (body: Buffer) => payloadOf(body, 'application/json');
const everywhere = (body: Buffer) => Array.from({ length: body.length }, (_, place) => place);
/** Tells -0 from 0, and shows the order of keys, own `__proto__` and lone surrogates. */
const shown = (value: unknown) =>
  JSON.stringify(value, (_, inner: unknown) => (Object.is(inner, -0) ? '-0' : inner));

describe('a body in pieces says what JSON.parse finds in it', () => {
  test.each([
    '{}',
    ' \t\r\n{ "a" :\t1\r\n} \n',
    '{"a":1,"b":2,"a":3}',
    '{"10":1,"2":2,"b":3,"a":4}',
    '{"a":-0,"b":0.1e-7,"c":1E+2,"d":1e400,"e":123456789012345678901234567890,"f":5e-324}',
    '{"a":[true,false,null,[],{},""]}',
    '{"__proto__":{"a":1},"constructor":2,"b":{"__proto__":null,"toString":3}}',
    '{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u001F"}',
    '{"a":"é€😀","😀":"\u007f\u2028\uffff"}',
    '{"a":"\\ud83d\\ude00\\ud83d","b":"\\ud83dx\\ude00","c":"\\ude00\\ud83d\\n","d":"\\ud83d😀"}',
    '{"a":"\ufeffb","b":"a\ufeffb\ufeff","\ufeffc":"\\ufeff\ufeff","d":"\\uFEFFe"}',
    '\ufeff{"a":1}',
  ])('%s', (text) => {
    const body = Buffer.from(text);
    expect(atOnce(body)).not.toBeNull();
    expect(shown(inPieces(body, []))).toBe(shown(atOnce(body)));
    expect(shown(inPieces(body, everywhere(body)))).toBe(shown(atOnce(body)));
  });

  test('strings, numbers and keys that are longer than a buffer', () => {
    const long = '\ufeffx€😀'.repeat(110_000);
    const body = Buffer.from(`{"a":"${long}","${long}":["${long}\\n",0.${'1'.repeat(1_200_000)}]}`);
    const cuts = Array.from({ length: 50 }, (_, index) => index * 99_991);
    expect(shown(inPieces(body, cuts))).toBe(shown(atOnce(body)));
  });

  test('ten thousand halves of pairs, which no bytes stand for', () => {
    const body = Buffer.from(`{"a":"${'\\ud800x\\udc00\\ud800'.repeat(5_000)}"}`);
    expect(shown(inPieces(body, [77_777]))).toBe(shown(atOnce(body)));
  });
});

describe('what JSON.parse refuses is refused in pieces', () => {
  const broken = [
    '',
    ' ',
    '\ufeff',
    '\ufeff\ufeff{}',
    '{\ufeff}',
    '{}\ufeff',
    '{"a"\ufeff:1}',
    '\v{}',
    '\u00a0{}',
    '{"a":1}x',
    '{} {}',
    '{"a":1}}',
    '{"a":1},',
    '{"a":1}\0',
    '{"a":1',
    '{"a":"x',
    '{"a"',
    '{',
    '{,}',
    '{"a":1,}',
    '{"a"}',
    '{"a":}',
    '{"a":[1,]}',
    '{"a":[,1]}',
    '{"a":1 2}',
    '{"a":[1}}',
    '{a:1}',
    "{'a':1}",
    '{1:1}',
    '{"a":tru}',
    '{"a":nulll}',
    '{"a":truefalse}',
    '{"a":NaN}',
    '{"a":01}',
    '{"a":-}',
    '{"a":-01}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":+1}',
    '{"a":1e}',
    '{"a":1e+}',
    '{"a":0x1}',
    '{"a":"\\x"}',
    '{"a":"\\u12"}',
    '{"a":"\\u12g4"}',
    '{"a":"\n"}',
    '{"a":"\u0000"}',
    '{"a":1}//',
    '/**/{}',
    '{"a":Infinity}',
    '{"a":"\\ud83d',
    '[]',
    '[{}]',
    'null',
    'true',
    '1',
    '"a"',
  ].map((text): [string, Buffer] => [JSON.stringify(text), Buffer.from(text)]);
  const noText = [
    '80',
    'c080',
    'c3',
    'e282',
    'eda080',
    'f4908080',
    'f09f98',
    'ff',
    'c328',
    'e28228',
  ].map((hex): [string, Buffer] => [hex, Buffer.from(`7b2261223a22${hex}227d`, 'hex')]);
  const cutOff: [string, Buffer] = ['ended in a character', Buffer.from('7b7de282', 'hex')];

  test.each([...broken, ...noText, cutOff])('%s', (_, body) => {
    expect(atOnce(body)).toBeNull();
    expect(inPieces(body, [])).toBeNull();
    expect(inPieces(body, everywhere(body))).toBeNull();
  });
});

test('documents of all kinds, broken ones among them, cut anywhere', () => {
  const breaks = tuple(
    nat(),
    nat(1),
    constantFrom(...'{}[]",:\\u0123-+.eEdf \n\u0001\ufeffé€😀', ''),
  );
  const document = tuple(
    json({ stringUnit: 'binary', maxDepth: 4 }),
    array(breaks, { maxLength: 2 }),
    array(nat(), { maxLength: 8 }),
  );
  let genuine = 0;
  const result = check(
    property(document, ([value, changes, cuts]) => {
      let text = `{"value":${value}}`;
      for (const [place, dropped, put] of changes) {
        const at = place % text.length;
        text = text.slice(0, at) + put + text.slice(at + dropped);
      }
      const body = Buffer.from(text);
      const expected = atOnce(body);
      if (expected !== null) genuine += 1;
      const found = inPieces(
        body,
        cuts.map((cut) => cut % (body.length + 1)),
      );
      return shown(found) === shown(expected);
    }),
    { numRuns: 3_000 },
  );
  expect(result.counterexample).toBeNull();
  expect(genuine).toBeGreaterThan(1_000);
  expect(genuine).toBeLessThan(2_900);
});

test(`more than ${mostLevels} levels are refused, at once and without a stack overflow`, () => {
  const nested = (levels: number) =>
    Buffer.from(`{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`);
  let levels = 0;
  for (let inner: unknown = inPieces(nested(mostLevels), [])?.['a']; inner; levels += 1) {
    inner = (inner as readonly unknown[])[0];
  }
  expect(levels).toBe(mostLevels - 1);
  expect(inPieces(nested(mostLevels + 1), [])).toBeNull();
  const wide = Buffer.from(`{"a":[${'[],{},'.repeat(mostLevels)}0]}`);
  expect(shown(inPieces(wide, []))).toBe(shown(atOnce(wide)));
});
