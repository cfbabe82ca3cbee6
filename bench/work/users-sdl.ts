/** The users as a remote GraphQL service has them. */
export const usersSdl = /* GraphQL */ `
  type Query {
    usersByIds(ids: [ID!]!): [User]!
  }
  type User {
    id: Int!
    name: String!
    username: String!
    email: String!
  }
`;
