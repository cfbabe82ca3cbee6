// Generated from openapi.yaml by `npm run codegen`. Do not edit.

/** Id of a traveller. */
export type TravellerId = string;

/** Somebody who travels. */
export interface Traveller {
  /** The traveller's id; stays the same for good. */
  readonly id: string;
  /** The traveller's full name. */
  readonly name: string;
  /** IATA code of the airport the traveller usually leaves from; null when not told. */
  readonly homeAirport: string | null;
}

/** Some travellers. */
export interface TravellerList {
  /** The travellers found. */
  readonly items: readonly Traveller[];
}

/** Changes to a traveller. What is left out stays. */
export interface TravellerUpdate {
  /** IATA code of the new home airport, in capitals; null forgets it. */
  readonly homeAirport?: string | null;
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
  '/me': {
    /** The traveller that the access token was issued to. */
    get: {
      body?: undefined;
      response: Traveller;
    };
  };
  '/travellers': {
    /** The travellers with these ids, each once, in no promised order; ids that nobody has are left out. */
    get: {
      query: {
        /** Ids of the travellers to get, separated by commas. */
        ids: readonly TravellerId[];
      };
      body?: undefined;
      response: TravellerList;
    };
  };
  '/travellers/{id}': {
    /** Sets what the body has, leaves the rest as it is, and answers with the traveller after it. */
    patch: {
      params: {
        /** The traveller's id. */
        id: TravellerId;
      };
      /** What to change. */
      body: TravellerUpdate;
      response: Traveller;
    };
  };
}
