// Generated from the operations by `npm run codegen`. Do not edit.
/* eslint-disable */
import * as types from './graphql.ts';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "query AirportHeader($iata: ID! = \"JFK\") {\n  airportPage(iata: $iata) {\n    heading\n    punctuality\n    destinations\n    airport {\n      state\n      latitude\n      longitude\n    }\n  }\n}": typeof types.AirportHeaderDocument,
    "query AirportPage($iata: ID! = \"ATL\") {\n  airport(iata: $iata) {\n    name\n    city\n    latitude\n    longitude\n    routes(first: 5) {\n      flights\n      destination {\n        iata\n        city\n      }\n    }\n    departures(first: 3) {\n      nodes {\n        id\n        departsAt\n        delayMinutes\n        destination {\n          name\n        }\n      }\n    }\n    delays {\n      meanDelayMinutes\n      onTimeShare\n    }\n  }\n}": typeof types.AirportPageDocument,
    "query DeferredPage($iata: ID! = \"ATL\") {\n  airport(iata: $iata) {\n    name\n    ... @defer(label: \"punctuality\") {\n      delays {\n        flights\n        meanDelayMinutes\n        onTimeShare\n      }\n    }\n  }\n}": typeof types.DeferredPageDocument,
    "subscription Departures($iata: ID! = \"ATL\") {\n  departures(iata: $iata) {\n    id\n    departsAt\n    delayMinutes\n    destination {\n      city\n    }\n  }\n}": typeof types.DeparturesDocument,
    "query MyTrips {\n  me {\n    name\n    homeAirport {\n      name\n    }\n    bookings(first: 10) {\n      nodes {\n        id\n        seat\n        status\n        flight {\n          departsAt\n          origin {\n            city\n          }\n          destination {\n            city\n          }\n        }\n      }\n    }\n  }\n}": typeof types.MyTripsDocument,
    "query SearchAirports($search: String = \"san\", $after: String) {\n  airports(search: $search, first: 5, after: $after) {\n    nodes {\n      iata\n      name\n      city\n      state\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}": typeof types.SearchAirportsDocument,
};
const documents: Documents = {
    "query AirportHeader($iata: ID! = \"JFK\") {\n  airportPage(iata: $iata) {\n    heading\n    punctuality\n    destinations\n    airport {\n      state\n      latitude\n      longitude\n    }\n  }\n}": types.AirportHeaderDocument,
    "query AirportPage($iata: ID! = \"ATL\") {\n  airport(iata: $iata) {\n    name\n    city\n    latitude\n    longitude\n    routes(first: 5) {\n      flights\n      destination {\n        iata\n        city\n      }\n    }\n    departures(first: 3) {\n      nodes {\n        id\n        departsAt\n        delayMinutes\n        destination {\n          name\n        }\n      }\n    }\n    delays {\n      meanDelayMinutes\n      onTimeShare\n    }\n  }\n}": types.AirportPageDocument,
    "query DeferredPage($iata: ID! = \"ATL\") {\n  airport(iata: $iata) {\n    name\n    ... @defer(label: \"punctuality\") {\n      delays {\n        flights\n        meanDelayMinutes\n        onTimeShare\n      }\n    }\n  }\n}": types.DeferredPageDocument,
    "subscription Departures($iata: ID! = \"ATL\") {\n  departures(iata: $iata) {\n    id\n    departsAt\n    delayMinutes\n    destination {\n      city\n    }\n  }\n}": types.DeparturesDocument,
    "query MyTrips {\n  me {\n    name\n    homeAirport {\n      name\n    }\n    bookings(first: 10) {\n      nodes {\n        id\n        seat\n        status\n        flight {\n          departsAt\n          origin {\n            city\n          }\n          destination {\n            city\n          }\n        }\n      }\n    }\n  }\n}": types.MyTripsDocument,
    "query SearchAirports($search: String = \"san\", $after: String) {\n  airports(search: $search, first: 5, after: $after) {\n    nodes {\n      iata\n      name\n      city\n      state\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}": types.SearchAirportsDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query AirportHeader($iata: ID! = \"JFK\") {\n  airportPage(iata: $iata) {\n    heading\n    punctuality\n    destinations\n    airport {\n      state\n      latitude\n      longitude\n    }\n  }\n}"): (typeof documents)["query AirportHeader($iata: ID! = \"JFK\") {\n  airportPage(iata: $iata) {\n    heading\n    punctuality\n    destinations\n    airport {\n      state\n      latitude\n      longitude\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query AirportPage($iata: ID! = \"ATL\") {\n  airport(iata: $iata) {\n    name\n    city\n    latitude\n    longitude\n    routes(first: 5) {\n      flights\n      destination {\n        iata\n        city\n      }\n    }\n    departures(first: 3) {\n      nodes {\n        id\n        departsAt\n        delayMinutes\n        destination {\n          name\n        }\n      }\n    }\n    delays {\n      meanDelayMinutes\n      onTimeShare\n    }\n  }\n}"): (typeof documents)["query AirportPage($iata: ID! = \"ATL\") {\n  airport(iata: $iata) {\n    name\n    city\n    latitude\n    longitude\n    routes(first: 5) {\n      flights\n      destination {\n        iata\n        city\n      }\n    }\n    departures(first: 3) {\n      nodes {\n        id\n        departsAt\n        delayMinutes\n        destination {\n          name\n        }\n      }\n    }\n    delays {\n      meanDelayMinutes\n      onTimeShare\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query DeferredPage($iata: ID! = \"ATL\") {\n  airport(iata: $iata) {\n    name\n    ... @defer(label: \"punctuality\") {\n      delays {\n        flights\n        meanDelayMinutes\n        onTimeShare\n      }\n    }\n  }\n}"): (typeof documents)["query DeferredPage($iata: ID! = \"ATL\") {\n  airport(iata: $iata) {\n    name\n    ... @defer(label: \"punctuality\") {\n      delays {\n        flights\n        meanDelayMinutes\n        onTimeShare\n      }\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "subscription Departures($iata: ID! = \"ATL\") {\n  departures(iata: $iata) {\n    id\n    departsAt\n    delayMinutes\n    destination {\n      city\n    }\n  }\n}"): (typeof documents)["subscription Departures($iata: ID! = \"ATL\") {\n  departures(iata: $iata) {\n    id\n    departsAt\n    delayMinutes\n    destination {\n      city\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query MyTrips {\n  me {\n    name\n    homeAirport {\n      name\n    }\n    bookings(first: 10) {\n      nodes {\n        id\n        seat\n        status\n        flight {\n          departsAt\n          origin {\n            city\n          }\n          destination {\n            city\n          }\n        }\n      }\n    }\n  }\n}"): (typeof documents)["query MyTrips {\n  me {\n    name\n    homeAirport {\n      name\n    }\n    bookings(first: 10) {\n      nodes {\n        id\n        seat\n        status\n        flight {\n          departsAt\n          origin {\n            city\n          }\n          destination {\n            city\n          }\n        }\n      }\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query SearchAirports($search: String = \"san\", $after: String) {\n  airports(search: $search, first: 5, after: $after) {\n    nodes {\n      iata\n      name\n      city\n      state\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}"): (typeof documents)["query SearchAirports($search: String = \"san\", $after: String) {\n  airports(search: $search, first: 5, after: $after) {\n    nodes {\n      iata\n      name\n      city\n      state\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;
