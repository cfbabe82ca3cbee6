import { buildSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { defineGraphqlBackend } from '../../src/backend/graphql-backend.ts';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import { composeBff } from '../../src/bff/compose-bff.ts';
import { defineBff, type Tailor } from '../../src/bff/define-bff.ts';
import { createSubschemaBuilder } from '../../src/subschema/builder.ts';
import { defineSubschema } from '../../src/subschema/define-subschema.ts';
import { jobObject } from '../../src/subschema/job-object.ts';
import type { MergeOptions } from '../../src/subschema/merge-keys.ts';

const endpoints = 'http://127.0.0.1:1';

function subschema(name: string, sdl: string, merge: Record<string, MergeOptions> = {}) {
  const backend = defineRestBackend({ name, endpoints });
  return defineSubschema({ backend, builder: buildSchema(sdl), merge });
}

function service(name: string, sdl: string, merge: Record<string, MergeOptions> = {}) {
  const backend = defineGraphqlBackend({ name, endpoints });
  return defineSubschema({ backend, builder: buildSchema(sdl), merge });
}

function told(subschemas: ReturnType<typeof subschema>[], tailor: Tailor = {}): string | null {
  try {
    composeBff(defineBff({ name: 'toy', subschemas, tailor }));
    return null;
  } catch (error) {
    return (error as Error).message.replaceAll(/test\/bff\/owners\.test\.ts:\d+/g, 'here');
  }
}

describe('a root field in two subschemas', () => {
  it.each(['Query', 'Mutation', 'Subscription'])('is refused on %s', (root) => {
    const query = root === 'Query' ? '' : 'type Query { NAME: Int } ';
    const both = ['a', 'b'].map((name) =>
      subschema(name, `${query.replace('NAME', name)}type ${root} { status: String }`),
    );
    expect(told(both)).toBe(
      `here: the root field ${root}.status is in the "a" subschema (here) and in the "b" subschema (here), and one has to answer it; leave it out of one`,
    );
  });

  it('is deleted from the SDL of a GraphQL service', () => {
    const sdl = 'type Query { status: String }';
    expect(told([subschema('a', sdl), service('b', sdl)])).toMatch(
      /leave it out of one \(delete it from the schema\.graphql of "b"\)$/,
    );
    expect(told([service('a', sdl), service('b', sdl)])).toMatch(
      /\(delete it from the schema\.graphql of "a" or the schema\.graphql of "b"\)$/,
    );
  });

  it("is refused under the client's names", () => {
    const a = subschema('a', 'type Query { up: String }');
    const b = subschema('b', 'type Query { status: String }');
    expect(told([a, b])).toBeNull();
    expect(told([a, b], { rename: { 'Query.up': 'status' } })).toMatch(/root field Query\.status/);
  });

  it('may be an entry that is hidden', () => {
    const merge = { Airport: { key: 'iata', entry: 'airports' } };
    const sdl = 'type Query { airports(iatas: [ID!]!): [Airport]! }';
    const both = [
      service('a', `${sdl} type Airport { iata: ID! name: String! }`, merge),
      service('b', `${sdl} type Airport { iata: ID! weather: String }`, merge),
      service('c', 'type Query { up: String }'),
    ];
    expect(told(both)).toMatch(
      /as the entry of a merge, hide it: tailor: \{ hide: \['Query\.airports'\] \}$/,
    );
    expect(told(both, { hide: ['Query.airports'] })).toBeNull();
  });

  it('may be of the jobs, which all subschemas share', () => {
    const both = ['a', 'b'].map((name) => {
      const builder = createSubschemaBuilder();
      jobObject(builder);
      return defineSubschema({ backend: defineRestBackend({ name, endpoints }), builder });
    });
    expect(told(both)).toBeNull();
  });
});

describe('a field in two subschemas', () => {
  const merge = { Airport: { key: 'iata', entry: '_airports' } };
  const airport = (field: string) =>
    `type Query { _airports(iatas: [ID!]!): [Airport]! NAME: Airport } type Airport { iata: ID! ${field} }`;
  const two = (one: string, other: string) => [
    subschema('a', airport(one).replace('NAME', 'a'), merge),
    subschema('b', airport(other).replace('NAME', 'b'), merge),
  ];

  it('has one type', () => {
    expect(told(two('name: String!', 'name: String!'))).toBeNull();
    expect(told(two('name: String!', 'name: String'))).toBe(
      'here: Airport.name is String! in the "a" subschema (here) and String in the "b" subschema (here); give it one type, or leave it out of one',
    );
  });

  it('has one type where the types are not merged', () => {
    const page = (name: string, type: string) =>
      subschema(name, `type Query { ${name}: Page } type Page { next: ${type} }`);
    expect(told([page('a', 'ID'), page('b', 'ID')])).toBeNull();
    expect(told([page('a', 'ID'), page('b', 'String')])).toMatch(
      /Page\.next is ID in .* String in/,
    );
  });
});
