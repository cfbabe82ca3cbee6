// Generated from the operations by `npm run codegen`. Do not edit.
/* eslint-disable */
export * from "./gql.ts";
