/**
 * What one operation costs in CPU, without any I/O: 100 posts of 10 users from two subschemas in
 * this process, by the engine, by graphql-js on the stitched schema, and joined by hand.
 *
 *   node bench/engine-cost.ts [--rounds 7]
 */
import { makeExecutableSchema } from '@graphql-tools/schema';
import { stitchSchemas } from '@graphql-tools/stitch';
import { execute, parse } from 'graphql';
import { createEngine } from '../src/engine/engine.ts';

interface Post {
  readonly id: number;
  readonly userId: number;
  readonly title: string;
}
interface User {
  readonly id: number;
  readonly name: string;
  readonly email: string;
}

const source = '{ posts { id userId title user { id name email } } }';
const postsText = JSON.stringify(
  [...Array(100).keys()].map((id) => ({
    id: id + 1,
    userId: (id % 10) + 1,
    title: `sunt aut facere repellat provident occaecati ${id}`,
  })),
);
const usersText = JSON.stringify(
  [...Array(10).keys()].map((id) => ({
    id: id + 1,
    name: `Leanne Graham ${id}`,
    email: `sincere${id}@april.biz`,
  })),
);
// Both sides start from a parsed answer of their own, as they would with a real upstream.
const fetchPosts = () => Promise.resolve(JSON.parse(postsText) as Post[]);
const fetchUsers = (ids: readonly number[]) =>
  Promise.resolve((JSON.parse(usersText) as User[]).filter(({ id }) => ids.includes(id)));

const posts = {
  schema: makeExecutableSchema({
    typeDefs:
      'type Query { posts: [Post!]! } type Post { id: Int! userId: Int! title: String! user: User } type User { id: Int! }',
    resolvers: {
      Query: { posts: fetchPosts },
      Post: { user: ({ userId }: Post) => ({ id: userId }) },
    },
  }),
};
const users = {
  schema: makeExecutableSchema({
    typeDefs:
      'type Query { _users(ids: [Int!]!): [User] } type User { id: Int! name: String! email: String! }',
    resolvers: {
      Query: {
        _users: async (_: unknown, { ids }: { ids: number[] }) => {
          const found = new Map((await fetchUsers(ids)).map((user) => [user.id, user]));
          return ids.map((id) => found.get(id) ?? null);
        },
      },
    },
  }),
  merge: {
    User: {
      selectionSet: '{ id }',
      fieldName: '_users',
      key: ({ id }: { id: number }) => id,
      argsFromKeys: (ids: readonly number[]) => ({ ids }),
    },
  },
};
const subschemas = [posts, users];
const schema = stitchSchemas({ subschemas });
const engine = createEngine({ schema, subschemas });
const document = parse(source);

const contenders: Record<string, () => Promise<string>> = {
  'by hand': async () => {
    const found = await fetchPosts();
    const ids = [...new Set(found.map(({ userId }) => userId))];
    const byId = new Map((await fetchUsers(ids)).map((user) => [user.id, user]));
    return JSON.stringify({
      data: {
        posts: found.map(({ id, userId, title }) => {
          const user = byId.get(userId);
          return {
            id,
            userId,
            title,
            user: user ? { id: user.id, name: user.name, email: user.email } : null,
          };
        }),
      },
    });
  },
  engine: async () => {
    const plan = engine.prepare(source);
    if ('errors' in plan) throw plan.errors[0];
    return String(await engine.executeToText(plan, { context: {} })); // nothing fails here
  },
  'engine, objects': async () => {
    const plan = engine.prepare(source);
    if ('errors' in plan) throw plan.errors[0];
    return JSON.stringify(await engine.execute(plan, { context: {} }));
  },
  'graphql-js, stitched': async () =>
    JSON.stringify(await execute({ schema, document, contextValue: {} })),
};

const flag = process.argv.indexOf('--rounds');
const rounds = flag < 0 ? 7 : Number(process.argv[flag + 1]);
const expected = await contenders['by hand']?.();
const costs = new Map<string, number[]>();
for (const [name, run] of Object.entries(contenders)) {
  if ((await run()) !== expected) throw new Error(`${name} answers something else`);
}
for (let round = 0; round <= rounds; round++) {
  for (const [name, run] of Object.entries(contenders)) {
    const times = name.startsWith('graphql-js') ? 60 : 2000;
    const before = process.cpuUsage();
    for (let time = 0; time < times; time++) await run();
    const { user, system } = process.cpuUsage(before);
    // The first round warms up.
    if (round > 0) costs.set(name, [...(costs.get(name) ?? []), (user + system) / times]);
  }
}
const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const floor = median(costs.get('by hand') ?? []);
console.log(`${source}: CPU per operation, median of ${rounds} rounds, Node ${process.version}`);
for (const [name, values] of costs) {
  const cost = median(values);
  console.log(
    `${name.padEnd(22)} ${cost.toFixed(1).padStart(8)} µs  ${(cost / floor).toFixed(2)}×`,
  );
}
