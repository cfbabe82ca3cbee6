import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AccessServer, accessServer, type Roles } from './access-server.ts';
import { type FieldName, fieldNames } from './graph.ts';
import { get, multipart, overWebSocket, post, type Send, serverSentEvents } from './send.ts';

const everything = ['vault.read', 'vault.write'];
const roles: Roles = {
  nobody: null,
  'a viewer with no scope': { scopes: [] },
  'a viewer who may read': { scopes: ['vault.read'] },
  'a viewer who may do all': { scopes: everything },
  staff: { scopes: [], roles: ['staff'] },
};
/** Whom each field is for, written out rather than worked out. */
const readers: Readonly<Record<FieldName, readonly string[]>> = {
  forViewer: [
    'a viewer with no scope',
    'a viewer who may read',
    'a viewer who may do all',
    'staff',
  ],
  forRead: ['a viewer who may read', 'a viewer who may do all'],
  forWrite: ['a viewer who may do all'],
  forStaff: ['staff'],
};

interface Path {
  readonly query: string;
  /** Where the field is in the answer; of each row. */
  readonly at: readonly string[];
  readonly send: Send;
  /** What the vault is asked when it is allowed. @default the field of `1` */
  readonly keys?: string;
}

const named = (field: string) => `${field.charAt(0).toUpperCase()}${field.slice(1)}`;

/** The ways to a field, by transport too. */
function pathsTo(field: FieldName): Readonly<Record<string, Path>> {
  const plain = `{ product(id: "1") { id ${field} } }`;
  const at = [`product.${field}`];
  return {
    'at the root': { query: `{ ${field} }`, at: [field], send: post },
    plain: { query: `{ record(id: "1") { id ${field} } }`, at: [`record.${field}`], send: post },
    'under aliases': {
      query: `{ a: record(id: "1") { id b: ${field} } }`,
      at: ['a.b'],
      send: post,
    },
    'in a fragment': {
      query: `query { record(id: "1") { ...F } } fragment F on Record { id ... { ...G } } fragment G on Record { ${field} }`,
      at: [`record.${field}`],
      send: post,
    },
    'under a directive': {
      query: `{ record(id: "1") { id ${field} @include(if: true) } }`,
      at: [`record.${field}`],
      send: post,
    },
    'through its interface, which has the rule': {
      query: `{ entry(id: "1") { id ${field} } }`,
      at: [`entry.${field}`],
      send: post,
    },
    'through a fragment on its interface': {
      query: `{ record(id: "1") { id ... on Entry { ${field} } } }`,
      at: [`record.${field}`],
      send: post,
    },
    'through an interface without rules': {
      query: `{ bare(id: "1") { id ${field} } }`,
      at: [`bare.${field}`],
      send: post,
    },
    'through a union': {
      query: `{ any(id: "1") { ... on Paper { id ${field} } ... on Record { ${field} } } }`,
      at: [`any.${field}`],
      send: post,
    },
    merged: { query: plain, at, send: post },
    derived: {
      query: `{ product(id: "1") { id quote${named(field)} } }`,
      at: [`product.quote${named(field)}`],
      send: post,
    },
    'in a batch': {
      query: `{ products { id ${field} } }`,
      at: [0, 1, 2].map((row) => `products.${row}.${field}`),
      send: post,
      keys: '1,2,3',
    },
    'by a mutation': { query: `mutation { ${field} }`, at: [field], send: post },
    'with @defer': {
      query: `{ product(id: "1") { id ... @defer { ${field} } } }`,
      at,
      send: multipart,
    },
    'by GET, registered': { query: plain, at, send: get },
    'over a WebSocket': { query: plain, at, send: overWebSocket },
    'by server-sent events': { query: plain, at, send: serverSentEvents },
    'in an event over a WebSocket': {
      query: `subscription { changed { id ${field} } }`,
      at: [`changed.${field}`],
      send: changing(overWebSocket),
    },
    'in a server-sent event': {
      query: `subscription { changed { id ${field} } }`,
      at: [`changed.${field}`],
      send: changing(serverSentEvents),
    },
  };
}

let server: AccessServer;
let subjects = 0;

beforeAll(async () => {
  const texts = fieldNames.flatMap((field) =>
    Object.values(pathsTo(field)).map(({ query }) => query),
  );
  server = await accessServer(roles, texts);
});
afterAll(() => server.close());
beforeEach(() => void server.asked());

/** Publishes a change once the subscription is there. */
function changing(send: Send): Send {
  return async (...args) => {
    const [got] = await Promise.all([send(...args), server.change()]);
    return got;
  };
}

const codeFor = (role: string) => (roles[role] === null ? 'UNAUTHENTICATED' : 'FORBIDDEN');
const as = (role: string, subject = `subject-${++subjects}`) => ({
  'x-role': role,
  'x-subject': subject,
});

describe.each(fieldNames)('%s', (field) => {
  describe.each(Object.entries(pathsTo(field)))('%s', (_, { query, at, send, keys = '1' }) => {
    it.each(Object.keys(roles))('asked for by %s', async (role) => {
      const { text, errors } = await send(server.url, query, as(role));
      const asked = server.asked();
      if (readers[field].includes(role)) {
        expect(errors).toEqual([]);
        for (const id of keys.split(',')) expect(text).toContain(`secret ${field} of ${id}`);
        expect(asked).toEqual([`${field} ${keys}`]);
      } else {
        expect(errors).toEqual(at.map((path) => ({ code: codeFor(role), path })));
        expect(text).not.toContain('secret');
        if (at[0]?.includes('.')) expect(text).toContain('"id":"1"');
        expect(asked).toEqual([]);
      }
    });
  });

  it('is cached for the same viewer with the same rights alone', async () => {
    const query = `{ product(id: "1") { id ${field} } }`;
    const ada = `ada-${field}`;
    const order = ['a viewer who may do all', 'staff', ...Object.keys(roles)];
    const warm = new Set<string>();
    for (const role of [...order, ...order.toReversed()]) {
      for (let time = 0; time < 2; time++) {
        const { text, errors } = await post(server.url, query, as(role, ada));
        if (readers[field].includes(role)) {
          expect(text).toContain(`secret ${field} of 1`);
          expect(server.asked()).toEqual(warm.has(role) ? [] : [`${field} 1`]);
          warm.add(role);
        } else {
          expect(errors).toEqual([{ code: codeFor(role), path: `product.${field}` }]);
          expect(text).not.toContain('secret');
          expect(server.asked()).toEqual([]);
        }
      }
    }
  });

  it('stays in the schema that everybody sees', async () => {
    const { text } = await post(
      server.url,
      '{ __type(name: "Product") { fields { name } } }',
      as('nobody'),
    );
    expect(text).toContain(field);
  });
});

describe('a rule of a type', () => {
  it.each([
    ['nobody', 'UNAUTHENTICATED'],
    ['staff', 'FORBIDDEN'],
  ])('refuses %s its objects before they are fetched', async (role, code) => {
    const { data, errors } = await post(server.url, '{ sealed { id text } }', as(role));
    expect({ data, errors }).toEqual({
      data: { sealed: null },
      errors: [{ code, path: 'sealed' }],
    });
    expect(server.asked()).toEqual([]);
  });

  it('lets those through who meet it', async () => {
    const { data } = await post(server.url, '{ sealed { text } }', as('a viewer who may read'));
    expect(data).toEqual({ sealed: { text: 'secret sealed of 1' } });
  });
});

describe('a rule that looks at the parent', () => {
  const query = '{ product(id: "1") { notes { id text } } }';
  const ownNotes = [{ code: 'FORBIDDEN', path: 'product.notes.1.id' }];

  it('fetches for the objects alone that meet it, and a null that must not be goes up', async () => {
    const { data, errors } = await post(server.url, query, as('staff', 'ada'));
    expect(data).toEqual({ product: { notes: null } });
    expect(errors).toEqual(ownNotes);
    expect(server.asked()).toEqual(['note n1,n3']);
  });

  it('is asked for each object, after that object’s type', async () => {
    const { data, errors } = await post(
      server.url,
      '{ product(id: "1") { notes { text later } } }',
      as('a viewer who may read', 'ada'),
    );
    expect(data).toEqual({
      product: {
        notes: [
          { text: 'secret note of n1', later: 'later of n1' },
          { text: null, later: null },
          { text: 'secret note of n3', later: null },
        ],
      },
    });
    expect(errors.map(({ path }) => path)).toEqual([
      'product.notes.1.text',
      'product.notes.1.later',
      'product.notes.2.later',
    ]);
  });

  it('refuses what is derived from an object that does not meet it', async () => {
    const { text, errors } = await post(
      server.url,
      '{ product(id: "1") { id notesText } }',
      as('staff', 'ada'),
    );
    expect(errors).toEqual([{ code: 'FORBIDDEN', path: 'product.notesText' }]);
    expect(text).not.toContain('secret');
  });
});

describe('a refusal', () => {
  it('is carried up like any other error where a null must not be', async () => {
    const { data, errors } = await post(
      server.url,
      '{ product(id: "1") { id must } }',
      as('staff'),
    );
    expect(data).toEqual({ product: null });
    expect(errors).toEqual([{ code: 'FORBIDDEN', path: 'product.must' }]);
    expect(server.asked()).toEqual([]);
  });

  it('leaves a field null without an error where its unauthorizedResolver says so', async () => {
    expect(await post(server.url, '{ me { id forViewer } }', as('nobody'))).toMatchObject({
      data: { me: null },
      errors: [],
    });
    expect(server.asked()).toEqual([]);
  });

  it('does not say what would have been needed', async () => {
    const { text } = await post(server.url, '{ forRead forStaff }', as('a viewer with no scope'));
    expect(text).not.toMatch(/vault|role|scope|staff"/);
  });

  it('takes nothing else of the operation with it', async () => {
    const { data } = await post(
      server.url,
      '{ product(id: "1") { name forViewer forRead forStaff } }',
      as('a viewer who may read'),
    );
    expect(data).toEqual({
      product: {
        name: 'product 1',
        forViewer: 'secret forViewer of 1',
        forRead: 'secret forRead of 1',
        forStaff: null,
      },
    });
  });

  it('holds for a client’s own field with a rule of its own', async () => {
    const own = '{ product(id: "1") { ownQuote } }';
    expect((await post(server.url, own, as('staff'))).data).toEqual({
      product: { ownQuote: 'product 1' },
    });
    expect((await post(server.url, own, as('nobody'))).errors).toEqual([
      { code: 'UNAUTHENTICATED', path: 'product.ownQuote' },
    ]);
  });
});
