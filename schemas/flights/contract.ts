// Generated from flights.proto by `npm run codegen`. Do not edit.

/** A flight from one airport to another. */
export interface Flight {
  /** The flight's id, a positive whole number. */
  readonly id: string;
  /** When it was scheduled to leave. */
  readonly departsAt: Timestamp | null;
  /** IATA code of the airport it leaves from. */
  readonly origin: string;
  /** IATA code of the airport it flies to. */
  readonly destination: string;
  /** Length of the flight, in miles. */
  readonly distanceMiles: number;
  /** How late it was, in minutes; negative when early. */
  readonly delayMinutes: number;
  /** Where it is boarded; empty while that is not known. */
  readonly gate: string;
}

/** A connection from one airport to another. */
export interface Route {
  /** IATA code of the airport it starts at. */
  readonly origin: string;
  /** IATA code of the airport it ends at. */
  readonly destination: string;
  /** Flights on this route within a year. */
  readonly flights: number;
}

/** How punctual the departures of an airport are. */
export interface DelayStats {
  /** IATA code of the airport. */
  readonly origin: string;
  /** Departures counted. */
  readonly flights: number;
  /** Mean delay of these departures, in minutes; negative when they are early on the whole. */
  readonly meanDelayMinutes: number;
  /** Share of the departures that were less than 15 minutes late, from 0 to 1. */
  readonly onTimeShare: number;
}

/** Which flight to get. */
export interface GetFlightRequest {
  /** The flight's id. */
  readonly id?: string | null;
}

/** Which flights to get. */
export interface BatchGetFlightsRequest {
  /** The flights' ids. At most 200. */
  readonly ids?: readonly string[] | null;
}

/** The flights found. */
export interface BatchGetFlightsResponse {
  /** In no promised order. */
  readonly flights: readonly Flight[];
}

/** Whose departures to list, and which page. */
export interface ListDeparturesRequest {
  /** IATA code of the airport. */
  readonly origin?: string | null;
  /** Most flights to answer with, from 1 to 100; 0 or absent means 20. */
  readonly pageSize?: number | null;
  /** `next_page_token` of the page before, asked with the same origin. Empty for the first page. */
  readonly pageToken?: string | null;
  /**
   * How many flights to pass over, counted from the token or from the first; at most 100. A page
   * can so start after any flight of the page before.
   */
  readonly skip?: number | null;
}

/** A page of departures. */
export interface ListDeparturesResponse {
  /** By departure time, then by id as a number. */
  readonly flights: readonly Flight[];
  /** What to ask the next page with; empty when this is the last. Not to be taken apart. */
  readonly nextPageToken: string;
}

/** Whose departures to list. */
export interface BatchListDeparturesRequest {
  /** IATA codes of the airports. At most 200. */
  readonly origins?: readonly string[] | null;
  /** Most flights to answer with for each airport, from 1 to 100; 0 or absent means 20. */
  readonly pageSize?: number | null;
}

/** The first page of departures of each airport. */
export interface BatchListDeparturesResponse {
  /** One entry an airport, in no promised order. */
  readonly departures: readonly AirportDepartures[];
}

/** The first page of departures of one airport. */
export interface AirportDepartures {
  /** IATA code of the airport. */
  readonly origin: string;
  /** By departure time, then by id as a number. */
  readonly flights: readonly Flight[];
  /** What to ask ListDepartures for the next page with; empty when this is the last. */
  readonly nextPageToken: string;
}

/** Whose routes to list. */
export interface BatchListRoutesRequest {
  /** IATA codes of the airports. At most 200. */
  readonly origins?: readonly string[] | null;
  /** Most routes to answer with for each airport, from 1 to 200; 0 or absent means 10. */
  readonly limit?: number | null;
}

/** The routes of each airport. */
export interface BatchListRoutesResponse {
  /** One entry an airport, in no promised order. */
  readonly routes: readonly AirportRoutes[];
}

/** The routes of one airport. */
export interface AirportRoutes {
  /** IATA code of the airport that the routes start at. */
  readonly origin: string;
  /** Busiest first, then by destination code. */
  readonly routes: readonly Route[];
}

/** Whose punctuality to get. */
export interface BatchGetDelayStatsRequest {
  /** IATA codes of the airports. At most 200. */
  readonly origins?: readonly string[] | null;
}

/** The punctuality of each airport. */
export interface BatchGetDelayStatsResponse {
  /** One entry an airport, in no promised order. */
  readonly delayStats: readonly DelayStats[];
}

/** Whose departures to watch. */
export interface WatchDeparturesRequest {
  /** IATA code of the airport. */
  readonly origin?: string | null;
}

/** A flight has left. */
export interface WatchDeparturesResponse {
  /** The flight. */
  readonly flight: Flight | null;
}

/** What to change of a flight; what is absent stays. */
export interface UpdateFlightRequest {
  /** The flight's id. */
  readonly id?: string | null;
  /** Where it is boarded, one to four letters or digits. */
  readonly gate?: string | null;
  /** How late it is, in minutes. */
  readonly delayMinutes?: number | null;
}

/** Watches all flights. */
export type WatchFlightsRequest = { readonly [key: string]: never };

/** Something happened to a flight. Says what, not how it is now: who wants to know asks. */
export interface FlightChange {
  /** The flight's id. */
  readonly flightId: string;
  /** IATA code of the airport it leaves from. */
  readonly origin: string;
  /** IATA code of the airport it flies to. */
  readonly destination: string;
  /** `departed`, `delayed` or `gate`. */
  readonly change: string;
}

export interface Timestamp {
  readonly seconds: string;
  readonly nanos: number;
}

/**
 * Flights that left airports of the United States, the routes between those airports, and how
 * punctual their departures are.
 *
 * Airports are named by their IATA code, in capitals. A list or batch of codes that the service has
 * nothing for is not an error: what is missing is left out of the answer.
 */
export interface Flights {
  /** One flight. NOT_FOUND when no flight has the id. */
  GetFlight: { request: GetFlightRequest; response: Flight };
  /** The flights with these ids, each once, in no promised order; unknown ids are left out. */
  BatchGetFlights: { request: BatchGetFlightsRequest; response: BatchGetFlightsResponse };
  /** A page of the flights that leave from an airport, by departure time, then by id as a number. */
  ListDepartures: { request: ListDeparturesRequest; response: ListDeparturesResponse };
  /** The first page of departures of several airports. Airports without departures are left out. */
  BatchListDepartures: { request: BatchListDeparturesRequest; response: BatchListDeparturesResponse };
  /**
   * The routes that start at each of several airports, busiest first, then by destination code.
   * Airports without routes are left out.
   */
  BatchListRoutes: { request: BatchListRoutesRequest; response: BatchListRoutesResponse };
  /**
   * How punctual the departures of each of several airports are. Airports without departures are
   * left out.
   */
  BatchGetDelayStats: { request: BatchGetDelayStatsRequest; response: BatchGetDelayStatsResponse };
  /**
   * The departures of an airport as they happen: the latest one at once, then each one as it
   * leaves. Goes on until the caller cancels. NOT_FOUND when no flight leaves from the airport.
   */
  WatchDepartures: { request: WatchDeparturesRequest; response: WatchDeparturesResponse; stream: true };
  /** Changes the gate of a flight, or how late it is. NOT_FOUND when no flight has the id. */
  UpdateFlight: { request: UpdateFlightRequest; response: Flight };
  /**
   * What changes of all flights from now on, for who hears no broker. Goes on until the caller
   * cancels.
   */
  WatchFlights: { request: WatchFlightsRequest; response: FlightChange; stream: true };
}
