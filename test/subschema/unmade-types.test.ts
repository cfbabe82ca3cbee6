import { expect, it } from 'vitest';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import { createSubschemaBuilder } from '../../src/subschema/builder.ts';
import { defineSubschema } from '../../src/subschema/define-subschema.ts';

const backend = defineRestBackend({ name: 'airports', endpoints: 'http://127.0.0.1:1' });

type Builder = ReturnType<typeof createSubschemaBuilder>;

/** What is told of a subschema with an `Airport` and whatever `add` adds. */
function told(add: (builder: Builder) => void): string {
  const builder = createSubschemaBuilder();
  const AirportRef = builder.objectRef<{ iata: string }>('Airport').implement({
    fields: (t) => ({ iata: t.exposeString('iata') }),
  });
  builder.queryField('airport', (t) => t.field({ type: AirportRef, resolve: () => null }));
  add(builder);
  try {
    defineSubschema({ backend, builder }).schema.getQueryType();
  } catch (error) {
    return (error as Error).message.replace(/^\S+unmade-types\.test\.ts:\d+/, 'here');
  }
  return 'nothing';
}

it('tells the field of a misspelt type', () => {
  const message = told((builder) => {
    const Lounge = builder.objectRef<object>('Lounge').implement({
      fields: (t) => ({ name: t.field({ type: 'Strng' as 'String', resolve: () => null }) }),
    });
    builder.queryField('lounge', (t) => t.field({ type: Lounge, resolve: () => null }));
  });
  expect(message).toBe(
    'here: the "airports" subschema: Lounge.name: Strng has not been implemented. Did you mean "String"?',
  );
});

it('tells the field of a type whose file is not imported', () => {
  const message = told((builder) => {
    const Lounge = builder.objectRef<object>('Lounge');
    builder.queryField('lounges', (t) => t.field({ type: [Lounge], resolve: () => null }));
  });
  expect(message).toBe(
    'here: the "airports" subschema: Query.lounges: ObjectRef<Lounge> has not been implemented. Import the file that implements it.',
  );
});

it('tells the field of an argument whose type is not there', () => {
  const message = told((builder) => {
    const Filter = builder.inputRef<{ city: string }>('Filter');
    builder.queryField('found', (t) =>
      t.string({ args: { by: t.arg({ type: Filter }) }, resolve: () => null }),
    );
  });
  expect(message).toMatch(/subschema: Query\.found: InputObjectRef<Filter> has not been/);
});

it('tells the type alone where fields cannot be described again', () => {
  const message = told((builder) => {
    let times = 0;
    builder.queryFields((t) => {
      if ((times += 1) > 1) throw new Error('once');
      return { odd: t.field({ type: 'Strng' as 'String', resolve: () => null }) };
    });
  });
  expect(message).toBe(
    'here: the "airports" subschema: Strng has not been implemented. Did you mean "String"?',
  );
});
