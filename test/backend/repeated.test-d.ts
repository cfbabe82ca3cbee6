import { type Repeated, repeated } from '../../src/backend/repeated.ts';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import type { RequestContext } from '../../src/request.ts';

interface Paths {
  '/delays': {
    get: {
      query: { stations: Repeated<string>; days?: readonly number[] };
      body?: undefined;
      response: string;
    };
  };
}
const context = {} as RequestContext;
const typed = defineRestBackend<Paths>({ name: 'a', endpoints: 'http://x' }).api(context);
const untyped = defineRestBackend({ name: 'a', endpoints: 'http://x' }).api(context);

void typed.get('/delays', { query: { stations: repeated(['LGA', 'DFW']), days: [1] } });
// @ts-expect-error the contract says a parameter for each item
void typed.get('/delays', { query: { stations: ['LGA', 'DFW'] } });
// @ts-expect-error the items are texts
void typed.get('/delays', { query: { stations: repeated([1]) } });
// @ts-expect-error the contract says commas
void typed.get('/delays', { query: { stations: repeated(['LGA']), days: repeated([1]) } });

void untyped.get('/delays', { query: { stations: repeated(['LGA']), days: [1] } });
// @ts-expect-error items are scalars
void untyped.get('/delays', { query: { stations: repeated([{}]) } });
