// Generated from openapi.yaml by `npm run codegen`. Do not edit.

/** Code of an airport, three or four letters or digits. */
export type IataCode = string;

/** An airport, an airfield or a heliport with a code of its own. */
export interface Airport {
  /** The airport's code, in capitals. Identifies it everywhere. */
  readonly iata: string;
  /** The airport's name, usually without the word "airport". */
  readonly name: string;
  /** The city it serves; `NA` when the source has none. */
  readonly city: string;
  /** Two-letter code of the state or territory; `NA` when the source has none. */
  readonly state: string;
  /** The country; `USA` for nearly all. */
  readonly country: string;
  /** Degrees north of the equator. */
  readonly latitude: number;
  /** Degrees east of Greenwich; west is negative. */
  readonly longitude: number;
}

/** Some airports, and where to go on. */
export interface AirportPage {
  /** The airports of this page. */
  readonly items: readonly Airport[];
  /** What to ask the next page with; null when this is the last. Not to be taken apart. */
  readonly nextCursor: string | null;
}

/** What went wrong with a request (RFC 9457). */
export interface Problem {
  /** Kind of problem; `about:blank` when its status says it all. */
  readonly type?: string;
  /** The problem in a few words, the same for every occurrence. */
  readonly title: string;
  /** The HTTP status. */
  readonly status: number;
  /** What was wrong this time, and what is expected. */
  readonly detail?: string;
}

/** What each call takes and gives back, by path and method. */
export interface Paths {
  '/airports/{iata}': {
    /** The airport with this IATA code. Lower-case codes are understood. */
    get: {
      params: {
        /** The airport's code. */
        iata: IataCode;
      };
      body?: undefined;
      response: Airport;
    };
  };
  '/airports': {
    /**
     * With `ids`: the airports with these codes, each once, in no promised order; codes that no airport
     * has are left out, and there is never a next page. `ids` stands alone: together with any other
     * parameter the request is refused. Without `ids`: a page of the airports that match `search` and
     * `state`, best match first when searching, by code otherwise.
     */
    get: {
      query?: {
        /** Codes of the airports to get, separated by commas. */
        ids?: readonly IataCode[];
        /**
         * Words to find in an airport's code, name and city. Every word has to be there, each may be
         * unfinished; case and accents make no difference. An airport whose code is the search itself comes
         * first.
         */
        search?: string;
        /** Two-letter code of the state or territory that the airports have to be in. */
        state?: string;
        /** Most airports a page may have. */
        limit?: number;
        /**
         * `nextCursor` of the page before, asked with the same `search` and `state`. Without it the first page
         * is answered.
         */
        cursor?: string;
        /**
         * How many airports to pass over, counted from `cursor` or from the first. A page can so start after
         * any airport of the page before.
         */
        skip?: number;
      };
      body?: undefined;
      response: AirportPage;
    };
  };
}
