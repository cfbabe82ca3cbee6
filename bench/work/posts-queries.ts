/** The three queries of the public Tailcall graphql-benchmarks. */
export const postsQuery = '{ posts { id userId title user { id name email } } }';
export const titlesQuery = '{ posts { title } }';
export const greetQuery = '{ greet }';
