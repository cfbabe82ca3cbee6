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
    "query DepartureBoard($iata: ID! = \"JFK\") {\n  departureBoard(iata: $iata, first: 5) {\n    flightId\n    to\n    departsAt\n    statusText\n  }\n}": typeof types.DepartureBoardDocument,
    "subscription Departures($iata: ID! = \"JFK\") {\n  departures(iata: $iata) {\n    id\n    statusText\n  }\n}": typeof types.DeparturesDocument,
    "query Flight($id: ID! = \"1\") {\n  flight(id: $id) {\n    statusText\n    departsAt\n    origin {\n      iata\n      name\n    }\n  }\n}": typeof types.FlightDocument,
    "query NearbyAirports($state: String = \"GA\", $after: String) {\n  airports(state: $state, after: $after) {\n    nodes {\n      iata\n      name\n      city\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}": typeof types.NearbyAirportsDocument,
};
const documents: Documents = {
    "query DepartureBoard($iata: ID! = \"JFK\") {\n  departureBoard(iata: $iata, first: 5) {\n    flightId\n    to\n    departsAt\n    statusText\n  }\n}": types.DepartureBoardDocument,
    "subscription Departures($iata: ID! = \"JFK\") {\n  departures(iata: $iata) {\n    id\n    statusText\n  }\n}": types.DeparturesDocument,
    "query Flight($id: ID! = \"1\") {\n  flight(id: $id) {\n    statusText\n    departsAt\n    origin {\n      iata\n      name\n    }\n  }\n}": types.FlightDocument,
    "query NearbyAirports($state: String = \"GA\", $after: String) {\n  airports(state: $state, after: $after) {\n    nodes {\n      iata\n      name\n      city\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}": types.NearbyAirportsDocument,
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
export function graphql(source: "query DepartureBoard($iata: ID! = \"JFK\") {\n  departureBoard(iata: $iata, first: 5) {\n    flightId\n    to\n    departsAt\n    statusText\n  }\n}"): (typeof documents)["query DepartureBoard($iata: ID! = \"JFK\") {\n  departureBoard(iata: $iata, first: 5) {\n    flightId\n    to\n    departsAt\n    statusText\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "subscription Departures($iata: ID! = \"JFK\") {\n  departures(iata: $iata) {\n    id\n    statusText\n  }\n}"): (typeof documents)["subscription Departures($iata: ID! = \"JFK\") {\n  departures(iata: $iata) {\n    id\n    statusText\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Flight($id: ID! = \"1\") {\n  flight(id: $id) {\n    statusText\n    departsAt\n    origin {\n      iata\n      name\n    }\n  }\n}"): (typeof documents)["query Flight($id: ID! = \"1\") {\n  flight(id: $id) {\n    statusText\n    departsAt\n    origin {\n      iata\n      name\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query NearbyAirports($state: String = \"GA\", $after: String) {\n  airports(state: $state, after: $after) {\n    nodes {\n      iata\n      name\n      city\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}"): (typeof documents)["query NearbyAirports($state: String = \"GA\", $after: String) {\n  airports(state: $state, after: $after) {\n    nodes {\n      iata\n      name\n      city\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;
