import { GraphQLObjectType, type GraphQLResolveInfo, type GraphQLSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { schemaOf } from '../support/run.ts';
import { agree } from './agree.ts';

const typeDefs = `
  interface Named { name: String }
  interface Living implements Named { name: String legs: Int parent: Living }
  type Dog implements Named & Living { name: String legs: Int parent: Living barks: Boolean }
  type Cat implements Named & Living { name: String legs: Int parent: Living meows: Boolean }
  type Person implements Named & Living { name: String legs: Int parent: Living pets: [Pet] friends: [Named] only: Dog }
  type Stone { name: String }
  union Pet = Dog | Cat
  type Query { pets: [Pet] named: [Named] pet: Pet mustPet: Pet! person: Person dog: Dog dogs: [Dog!] }
`;

class Dog {
  readonly barks = true;
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}
class Cat {
  readonly name = 'Tom';
  readonly meows = false;
}
class Person {
  readonly name = 'Lea';
  readonly pets = [new Cat(), new Dog('Rex')];
  readonly friends = [new Dog('Ida')];
  readonly only = new Dog('Rex');
}

/** How each type is told: sync and async, since both have code of their own. */
const waiting = {
  'at once': <Value>(make: () => Value) => make(),
  later: <Value>(make: () => Value) => Promise.resolve().then(make),
};
type Waiting = (make: () => unknown) => unknown;
const fail = () => {
  throw new Error('cannot tell');
};

const Query = {
  pets: () => [new Dog('Rex'), new Cat()],
  named: () => [new Person(), new Dog('Rex')],
  pet: () => new Dog('Rex'),
  mustPet: () => new Cat(),
  person: () => new Person(),
  dog: () => new Dog('Rex'),
  dogs: () => [new Dog('Rex'), new Dog('Ida')],
};
const classes = { Dog, Cat, Person };
const isTypeOf = (wait: Waiting) =>
  Object.fromEntries(
    Object.entries(classes).map(([name, is]) => [
      name,
      { __isTypeOf: (value: unknown) => wait(() => value instanceof is) },
    ]),
  );
const resolveType = (make: (value: object, info: GraphQLResolveInfo) => unknown) => {
  const asked = {
    __resolveType: (value: object, _: unknown, info: GraphQLResolveInfo) => make(value, info),
  };
  return { Named: asked, Living: asked, Pet: asked };
};

const everything = `{
  pets { __typename ... on Dog { name barks } ... on Cat { name meows } }
  named { __typename name ...L ... on Person { pets { ...P } friends { name ... on Dog { barks } } only { barks } } }
  pet { ... on Living { name legs } ... on Named { __typename } }
  mustPet { __typename }
  dogs { name }
}
fragment L on Living { legs parent { legs } }
fragment P on Pet { ... on Named { name } ...D ... on Cat { meows } }
fragment D on Dog { barks }`;

describe('a type is told as graphql-js does', () => {
  for (const [when, wait] of Object.entries(waiting) as [string, Waiting][]) {
    it(`by isTypeOf, ${when}`, async () => {
      const { data, errors } = await agree(
        schemaOf(typeDefs, { Query, ...isTypeOf(wait) }),
        everything,
      );
      expect(errors).toBeUndefined();
      expect(data).toMatchObject({ pets: [{ barks: true }, { __typename: 'Cat', meows: false }] });
    });

    it(`by resolveType, ${when}`, async () => {
      const named = resolveType((value) => wait(() => value.constructor.name));
      const { errors } = await agree(schemaOf(typeDefs, { Query, ...named }), everything);
      expect(errors).toBeUndefined();
    });

    it(`by resolveType and isTypeOf together, ${when}`, async () => {
      const named = resolveType((value) => wait(() => value.constructor.name));
      await agree(schemaOf(typeDefs, { Query, ...named, ...isTypeOf(wait) }), everything);
    });

    it(`unless isTypeOf throws, ${when}`, async () => {
      const broken = { __isTypeOf: () => wait(fail) };
      const schema = schemaOf(typeDefs, { Query, ...isTypeOf(wait), Dog: broken });
      await agree(schema, '{ pets { __typename } pet { __typename } dog { name } }');
      await agree(schema, '{ dogs { name } pets { __typename } }');
    });

    it(`unless no isTypeOf holds, ${when}`, async () => {
      const none = { __isTypeOf: () => wait(() => false) };
      const schema = schemaOf(typeDefs, { Query, Dog: none, Cat: none, Person: none });
      await agree(schema, '{ pets { __typename } named { name } dog { name } dogs { name } }');
      await agree(schema, '{ mustPet { __typename } }');
    });

    it(`unless resolveType throws, ${when}`, async () => {
      const named = resolveType((value) =>
        wait(() => {
          if (value instanceof Dog) throw new Error('a dog');
          return value.constructor.name;
        }),
      );
      await agree(schemaOf(typeDefs, { Query, ...named }), everything);
    });

    it(`unless what resolveType gives is no type that may be there, ${when}`, async () => {
      const told: unknown[] = [undefined, null, 'Unknown', 'String', 'Stone', 'Named', [], {}, 7];
      for (const type of told) {
        const schema = schemaOf(typeDefs, { Query, ...resolveType(() => wait(() => type)) });
        await agree(schema, '{ pets { __typename } named { name } }');
        await agree(schema, '{ mustPet { __typename } }');
      }
    });

    it(`unless resolveType names a type whose isTypeOf does not hold or fails, ${when}`, async () => {
      const named = resolveType(() => 'Dog');
      const schema = schemaOf(typeDefs, { Query, ...named, ...isTypeOf(wait) });
      await agree(schema, '{ pets { __typename } named { name } }');
      const broken = { __isTypeOf: () => wait(fail) };
      await agree(schemaOf(typeDefs, { Query, ...named, Dog: broken }), '{ pets { __typename } }');
    });
  }

  it('by the __typename of the value', async () => {
    const schema = schemaOf(typeDefs, {
      Query: {
        pets: () => [
          { __typename: 'Dog', name: 'Rex' },
          { __typename: 'Cat', name: 'Tom' },
          { __typename: 'Stone' },
          { name: 'nobody' },
          'text',
        ],
        named: () => [{ __typename: 'Person', name: 'Lea' }],
      },
    });
    await agree(schema, '{ pets { __typename ... on Named { name } } named { name __typename } }');
  });

  it('is refused where resolveType gives the type itself', async () => {
    const given = resolveType(() => new GraphQLObjectType({ name: 'Dog', fields: {} }));
    await agree(schemaOf(typeDefs, { Query, ...given }), '{ pets { __typename } }');
  });

  it('by who is told what is asked, where, by whom', async () => {
    const seen: unknown[] = [];
    const schema: GraphQLSchema = schemaOf(typeDefs, {
      Query,
      Pet: {
        __resolveType: (value: object, context: unknown, info: GraphQLResolveInfo) => {
          const { fieldName, parentType, returnType, rootValue, operation, variableValues } = info;
          seen.push([
            value.constructor.name,
            context,
            [fieldName, String(parentType), String(returnType), info.schema === schema],
            [rootValue, operation.operation, variableValues],
          ]);
          return value.constructor.name;
        },
      },
    });
    const variables = { yes: true };
    await agree(schema, 'query ($yes: Boolean!) { pets { __typename @include(if: $yes) } }', {
      variables,
      context: { who: 'ann' },
      rootValue: { root: true },
    });
    // Once for each pet, by graphql-js and then by the engine.
    expect(seen).toHaveLength(4);
    expect(seen.slice(2)).toEqual(seen.slice(0, 2));
  });

  it('can be asked for in the schema', async () => {
    await agree(
      schemaOf(typeDefs, { Query }),
      '{ n: __type(name: "Living") { kind name fields { name } interfaces { name } possibleTypes { name } } p: __type(name: "Pet") { kind fields { name } possibleTypes { name } } }',
    );
  });
});
