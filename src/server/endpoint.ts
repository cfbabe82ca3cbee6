/** Where GraphQL answers. */
export const endpoint = '/graphql';
