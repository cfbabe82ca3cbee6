import { expect, it } from 'vitest';
import { JsonText } from '../../src/engine/text.ts';
import { engineOf, schemaOf } from './support/run.ts';

/** The body of a list of texts, and how long it says that it is. */
async function bodyOf(texts: readonly string[]): Promise<JsonText> {
  const rows = texts.map((text, at) => ({ at, text }));
  const engine = engineOf([
    {
      schema: schemaOf('type Query { rows: [Row] } type Row { at: Int! text: String! }', {
        Query: { rows: () => rows },
      }),
    },
  ]);
  const plan = engine.prepare('{ rows { at text again: text } }');
  if ('errors' in plan) throw plan.errors[0];
  const body = await engine.executeToText(plan, { context: {} });
  if (!(body instanceof JsonText)) throw new Error('it has errors');
  return body;
}

it.each([
  ['plain ASCII', ['one', 'a b!~[]#']],
  ['what JSON escapes', ['"', '\\', '\n', '\u0000', '\u001f']],
  ['two bytes', ['plain', 'é']],
  ['the last of ASCII and the first after it', ['\u007f', '\u0080']],
  ['pairs and halves of them', ['😀', '\ud800', '\udc00']],
  ['nothing', ['']],
])('writes %s as JSON.stringify does, and knows its length in UTF-8', async (_, texts) => {
  const rows = texts.map((text, at) => ({ at, text, again: text }));
  const body = await bodyOf(texts);
  expect(body.toString()).toBe(JSON.stringify({ data: { rows } }));
  expect(body.byteLength).toBe(Buffer.byteLength(body.toString()));
});
