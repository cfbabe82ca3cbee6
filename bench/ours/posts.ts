/** Tailorbird on the posts and users service: two REST subschemas, merged on the user's id. Env: see `serve.ts`. */
import { defineBff } from 'tailorbird';
import { postsSubschema, usersSubschema } from './posts-graph.ts';
import { listen } from './serve.ts';

await listen(defineBff({ name: 'bench', subschemas: [postsSubschema, usersSubschema] }));
