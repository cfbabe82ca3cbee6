import { describe, expectTypeOf, it } from 'vitest';
import type { Select } from '../../src/bff/select.ts';

interface Airport {
  iata: string;
  city: string;
  routes: readonly { flights: number; destination: Airport | null }[] | null;
}
interface Flight {
  id: string;
  delayMinutes: number;
  origin: Airport | null;
}

describe('Select', () => {
  it('picks fields, nested in lists and null', () => {
    expectTypeOf<
      Select<Flight, '{ delayMinutes origin { city routes(first: 5) { destination { iata } } } }'>
    >().toEqualTypeOf<{
      readonly delayMinutes: number;
      readonly origin: {
        readonly city: string;
        readonly routes:
          | readonly { readonly destination: { readonly iata: string } | null }[]
          | null;
      } | null;
    }>();
  });

  it('knows aliases, commas and line breaks', () => {
    expectTypeOf<
      Select<
        Flight,
        `{
          late: delayMinutes,
          from: origin { code: iata }
        }`
      >
    >().toEqualTypeOf<{
      readonly late: number;
      readonly from: { readonly code: string } | null;
    }>();
  });

  it('turns a name that is not there into a sentence', () => {
    expectTypeOf<Select<Flight, '{ delayMinute }'>>().toEqualTypeOf<{
      readonly delayMinute: 'there is no field delayMinute here';
    }>();
  });

  it('leaves fragments untyped', () => {
    expectTypeOf<Select<Flight, '{ ...Parts }'>>().toEqualTypeOf<unknown>();
  });
});
