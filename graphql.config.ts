/** For editors: each client's operations are completed and checked against its own schema. */
export default {
  projects: {
    web: { schema: 'bff-web/schema.graphql', documents: 'bff-web/operations/**/*.graphql' },
    mobile: {
      schema: 'bff-mobile/schema.graphql',
      documents: 'bff-mobile/operations/**/*.graphql',
    },
  },
};
