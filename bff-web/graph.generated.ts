// Generated from the stitched graph by `npm run codegen`. Do not edit.

/** Every type of the graph, hidden fields included, as answers have it. */
export interface Graph {
  Airport: {
    __typename: 'Airport';
    city: string;
    country: string;
    iata: string;
    latitude: number;
    longitude: number;
    name: string;
    state: string;
    delays: Graph['DelayStats'] | null;
    departures: Graph['FlightConnection'] | null;
    routes: readonly Graph['Route'][] | null;
  };
  AirportConnection: {
    __typename: 'AirportConnection';
    edges: readonly Graph['AirportEdge'][];
    nodes: readonly Graph['Airport'][];
    pageInfo: Graph['PageInfo'];
  };
  AirportEdge: {
    __typename: 'AirportEdge';
    cursor: string;
    node: Graph['Airport'];
  };
  AirportPage: {
    __typename: 'AirportPage';
    heading: string;
    punctuality: string | null;
    destinations: readonly string[];
    airport: Graph['Airport'];
  };
  BookFlightPayload: {
    __typename: 'BookFlightPayload';
    booking: Graph['Booking'] | null;
  };
  Booking: {
    __typename: 'Booking';
    createdAt: string;
    flight: Graph['Flight'] | null;
    id: string;
    seat: string;
    status: 'CANCELLED' | 'CONFIRMED';
    traveller: Graph['Traveller'] | null;
  };
  BookingConnection: {
    __typename: 'BookingConnection';
    edges: readonly Graph['BookingEdge'][];
    nodes: readonly Graph['Booking'][];
    pageInfo: Graph['PageInfo'];
  };
  BookingEdge: {
    __typename: 'BookingEdge';
    cursor: string;
    node: Graph['Booking'];
  };
  CancelBookingPayload: {
    __typename: 'CancelBookingPayload';
    booking: Graph['Booking'] | null;
  };
  DelayStats: {
    __typename: 'DelayStats';
    flights: number;
    meanDelayMinutes: number;
    onTimeShare: number;
  };
  Flight: {
    __typename: 'Flight';
    delayMinutes: number;
    departsAt: string;
    destination: Graph['Airport'] | null;
    distanceMiles: number;
    gate: string | null;
    id: string;
    origin: Graph['Airport'] | null;
  };
  FlightConnection: {
    __typename: 'FlightConnection';
    edges: readonly Graph['FlightEdge'][];
    nodes: readonly Graph['Flight'][];
    pageInfo: Graph['PageInfo'];
  };
  FlightEdge: {
    __typename: 'FlightEdge';
    cursor: string;
    node: Graph['Flight'];
  };
  Job: {
    __typename: 'Job';
    error: Graph['JobError'] | null;
    id: string;
    progress: number | null;
    result: unknown;
    status: 'FAILED' | 'QUEUED' | 'RUNNING' | 'SUCCEEDED';
  };
  JobError: {
    __typename: 'JobError';
    code: string;
    message: string;
  };
  Mutation: {
    __typename: 'Mutation';
    bookFlight: Graph['BookFlightPayload'];
    bookFlightLater: Graph['Job'];
    cancelBooking: Graph['CancelBookingPayload'];
  };
  PageInfo: {
    __typename: 'PageInfo';
    endCursor: string | null;
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
  };
  Query: {
    __typename: 'Query';
    airport: Graph['Airport'] | null;
    airports: Graph['AirportConnection'] | null;
    flight: Graph['Flight'] | null;
    job: Graph['Job'] | null;
    me: Graph['Traveller'] | null;
    airportPage: Graph['AirportPage'] | null;
  };
  Route: {
    __typename: 'Route';
    destination: Graph['Airport'] | null;
    flights: number;
    origin: Graph['Airport'] | null;
  };
  Subscription: {
    __typename: 'Subscription';
    departures: Graph['Flight'];
    flightUpdated: Graph['Flight'] | null;
    job: Graph['Job'] | null;
  };
  Traveller: {
    __typename: 'Traveller';
    bookings: Graph['BookingConnection'] | null;
    id: string;
    homeAirport: Graph['Airport'] | null;
    name: string;
  };
}
