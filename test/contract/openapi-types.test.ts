import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openapiTypes } from '../../src/contract/openapi-types.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openapi-types-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function typesOf(contract: string, name = 'openapi.yaml'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, contract);
  return openapiTypes(pathToFileURL(path));
}

/** The text after `=` or the body of the interface, for one schema in an otherwise empty contract. */
async function schemaType(schema: unknown, version = '3.1.0'): Promise<string> {
  const other = { type: 'object', required: ['id'], properties: { id: { type: 'string' } } };
  const source = await typesOf(
    JSON.stringify({
      openapi: version,
      paths: {},
      components: { schemas: { Subject: schema, Other: other } },
    }),
    'openapi.json',
  );
  const [, alias, body] =
    /export (?:type Subject = (.*?);|interface Subject (\{.*?\}))\n\n/s.exec(source) ?? [];
  return (alias ?? body ?? source).replaceAll(/\s+/g, ' ');
}

const other = { $ref: '#/components/schemas/Other' };

test.each([
  [
    'required',
    {
      type: 'object',
      required: ['a'],
      properties: { a: { type: 'string' }, b: { type: 'integer' } },
    },
    '{ readonly a: string; readonly b?: number; }',
  ],
  ['null in a list of types', { type: ['string', 'null'] }, 'string | null'],
  ['an enum', { type: 'string', enum: ['a', "it's", null] }, "'a' | 'it\\'s' | null"],
  ['a numeric enum', { enum: [1, 2] }, '1 | 2'],
  ['a constant', { const: 'only' }, "'only'"],
  ['a list', { type: 'array', items: { type: ['integer', 'null'] } }, 'readonly (number | null)[]'],
  [
    'a list of lists',
    { type: 'array', items: { type: 'array', items: other } },
    'readonly (readonly Other[])[]',
  ],
  [
    'a tuple',
    { type: 'array', prefixItems: [{ type: 'string' }, other] },
    'readonly [string, Other]',
  ],
  ['a map', { type: 'object', additionalProperties: other }, '{ readonly [key: string]: Other; }'],
  ['a free object', { type: 'object' }, '{ readonly [key: string]: unknown; }'],
  [
    'a closed empty object',
    { type: 'object', additionalProperties: false },
    '{ readonly [key: string]: never }',
  ],
  [
    'typed additions',
    {
      type: 'object',
      properties: { a: { type: 'string' } },
      additionalProperties: { type: 'number' },
    },
    '{ readonly a?: string; } & { readonly [key: string]: number; }',
  ],
  [
    'allOf',
    { allOf: [other, { type: 'object', properties: { a: { type: 'string' } } }] },
    'Other & { readonly a?: string; }',
  ],
  [
    'allOf beside properties',
    { type: 'object', properties: { a: { type: 'string' } }, allOf: [other] },
    '{ readonly a?: string; } & Other',
  ],
  ['oneOf', { oneOf: [other, { type: 'string' }, { type: 'null' }] }, 'Other | string | null'],
  [
    'anyOf within allOf',
    {
      allOf: [
        other,
        { anyOf: [{ type: 'object', required: ['a'], properties: { a: {} } }, other] },
      ],
    },
    'Other & ({ readonly a: unknown; } | Other)',
  ],
  ['int64 as a number', { type: 'integer', format: 'int64' }, 'number'],
  ['int64 as a string', { type: 'string', format: 'int64' }, 'string'],
  ['anything', {}, 'unknown'],
  ['a description beside a $ref', { ...other, description: 'x' }, 'Other'],
  [
    'strange property names',
    { type: 'object', properties: { 'a-b': { type: 'string' }, $c: { type: 'string' } } },
    "{ readonly 'a-b'?: string; readonly $c?: string; }",
  ],
])('a schema with %s', async (_, schema, type) => {
  expect(await schemaType(schema)).toBe(type);
});

test('nullable of OpenAPI 3.0', async () => {
  expect(await schemaType({ type: 'string', nullable: true }, '3.0.3')).toBe('string | null');
  expect(await schemaType({ nullable: true, allOf: [other] }, '3.0.3')).toBe('Other | null');
  expect(await schemaType({ ...other, nullable: true }, '3.0.3')).toBe('Other');
});

const calls = `openapi: 3.1.0
info: { title: Calls, version: '1' }
paths:
  /things/{id}:
    parameters:
      - { $ref: '#/components/parameters/Id' }
      - { name: verbose, in: query, schema: { type: string } }
    get:
      summary: One thing.
      parameters:
        - { name: verbose, in: query, required: true, schema: { type: boolean } }
        - { name: X-Trace, in: header, schema: { type: string } }
      responses:
        '200': { description: ok, content: { application/json; charset=utf-8: { schema: { $ref: '#/components/schemas/thing.v1' } } } }
        '404': { description: none, content: { application/json: { schema: { type: string } } } }
    delete:
      responses: { '204': { description: gone } }
    put:
      requestBody: { $ref: '#/components/requestBodies/Thing' }
      responses:
        '200': { $ref: '#/components/responses/Thing' }
        '201': { $ref: '#/components/responses/Thing' }
        '202': { description: later }
  /export:
    post:
      requestBody: { content: { application/json: { schema: { type: array, items: { type: string } } } } }
      responses: { 2XX: { description: ok, content: { text/csv: { schema: { type: string } } } } }
  /first:
    get:
      responses: { '200': { description: ok, content: { application/json: { schema: { $ref: '#/paths/~1export/post/requestBody/content/application~1json/schema' } } } } }
components:
  parameters:
    Id: { name: id, in: path, required: true, schema: { type: string } }
  requestBodies:
    Thing: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/thing.v1' } } } }
  responses:
    Thing: { description: ok, content: { application/json: { schema: { $ref: '#/components/schemas/thing.v1' } } } }
  schemas:
    thing.v1:
      description: "Contains */ in its text."
      type: object
      required: [parts]
      properties: { parts: { type: array, items: { $ref: '#/components/schemas/thing.v1' } } }
    Paths: { type: string }
    3d: { type: string }
`;

test('each call says what it takes and gives back', async () => {
  const source = await typesOf(calls);
  const paths = source.slice(source.indexOf('export interface Paths'));
  expect(paths.replaceAll(/\s+/g, ' ').trim()).toBe(
    "export interface Paths { '/things/{id}': { " +
      '/** One thing. */ get: { params: { id: string; }; query: { verbose: boolean; }; body?: undefined; response: ThingV1; }; ' +
      'put: { params: { id: string; }; query?: { verbose?: string; }; body: ThingV1; response: ThingV1 | null; }; ' +
      'delete: { params: { id: string; }; query?: { verbose?: string; }; body?: undefined; response: null; }; }; ' +
      "'/export': { post: { body?: readonly string[]; response: unknown; }; }; " +
      "'/first': { get: { body?: undefined; response: readonly string[]; }; }; }",
  );
});

test('names that TypeScript refuses, or that are taken, get one of their own', async () => {
  const source = await typesOf(calls);
  expect(source.match(/export (interface|type) \S+/g)).toEqual([
    'export interface ThingV1',
    'export type Paths2',
    'export type T3d',
    'export interface Paths',
  ]);
});

test('the compiler accepts what is generated, and tells nullability apart', async () => {
  await writeFile(join(folder, 'contract.ts'), await typesOf(calls));
  const use = `import type { Paths, ThingV1 } from './contract.ts';
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
export const checks: [
  Same<Paths['/things/{id}']['get']['response'], ThingV1>,
  Same<Paths['/things/{id}']['put']['response'], ThingV1 | null>,
  Same<ThingV1['parts'], readonly ThingV1[]>,
  Same<Paths['/export']['post']['body'], readonly string[] | undefined>,
] = [true, true, true, true];
`;
  await writeFile(join(folder, 'use.ts'), use);
  const tsc = join(import.meta.dirname, '../../node_modules/.bin/tsc');
  const flags = [
    '--noEmit',
    '--strict',
    '--allowImportingTsExtensions',
    '--module',
    'nodenext',
    '--types',
    '',
  ];
  const { stdout } = await promisify(execFile)(tsc, [...flags, 'use.ts'], { cwd: folder });
  expect(stdout).toBe('');
});

/** The contract of `GET /a` with the query parameter `ids`. */
function listParameter(parameter: object): string {
  return JSON.stringify({
    openapi: '3.1.0',
    paths: { '/a': { get: { parameters: [{ name: 'ids', in: 'query', ...parameter }] } } },
    components: {
      schemas: {
        Ids: { type: 'array', items: { $ref: '#/components/schemas/Id' } },
        Id: { type: 'string' },
        OneOrMore: { oneOf: [{ $ref: '#/components/schemas/Id' }, { type: 'array', items: {} }] },
        Circle: { anyOf: [{ $ref: '#/components/schemas/Circle' }, { type: 'integer' }] },
      },
    },
  });
}

const list = { type: 'array', items: { type: ['integer', 'string'] } };

test.each([
  ['says nothing of it', { schema: list }, 'Repeated<number | string>'],
  ['says form', { style: 'form', schema: list }, 'Repeated<number | string>'],
  ['says explode', { explode: true, schema: list }, 'Repeated<number | string>'],
  ['says no explode', { explode: false, schema: list }, 'readonly (number | string)[]'],
  ['names the list', { schema: { $ref: '#/components/schemas/Ids' } }, 'Repeated<Id>'],
  [
    'has it among others',
    { schema: { $ref: '#/components/schemas/OneOrMore' } },
    'Id | Repeated<unknown>',
  ],
  [
    'has no list',
    { style: 'deepObject', schema: { $ref: '#/components/schemas/Circle' } },
    'Circle',
  ],
  [
    'has JSON',
    { content: { 'application/json': { schema: list } } },
    'readonly (number | string)[]',
  ],
])('a list in a query is sent as the contract %s', async (_, parameter, type) => {
  const source = await typesOf(listParameter(parameter), 'openapi.json');
  expect(/ids\?: (.*);/.exec(source)?.[1]).toBe(type);
  const imported = source.includes("\n\nimport type { Repeated } from 'tailorbird';\n\n");
  expect(imported).toBe(type.includes('Repeated'));
});

test.each([
  ['not YAML', 'openapi: 3.1.0\npaths: [\n', /openapi\.yaml:\d+: expected YAML or JSON/],
  ['no OpenAPI', 'hello\n', /:1: expected an OpenAPI document/],
  [
    'Swagger 2',
    'swagger: "2.0"\npaths: {}\n',
    /:1: expected "openapi: 3\.0\.x" or "3\.1\.x", but the version is 2\.0/,
  ],
  [
    'an unknown $ref',
    `openapi: 3.1.0\ncomponents:\n  schemas:\n    Airport: { type: string }\n    A:\n      $ref: '#/components/schemas/Airprt'\n`,
    /:6: "\$ref: .*Airprt" names nothing: there is no "Airprt"\. Did you mean "Airport"\?/,
  ],
  [
    'a $ref to another file',
    `openapi: 3.1.0\ncomponents:\n  schemas:\n    A: { $ref: 'other.yaml#/A' }\n`,
    /:4: .* leaves the file/,
  ],
  [
    'a $ref in a circle',
    `openapi: 3.1.0\npaths:\n  /a: { $ref: '#/paths/~1b' }\n  /b: { $ref: '#/paths/~1a' }\n`,
    /:3: .* leads back to itself/,
  ],
  [
    'a misspelt type',
    `openapi: 3.1.0\ncomponents:\n  schemas:\n    A:\n      type: strnig\n`,
    /:5: "strnig" is no type of a schema\. Did you mean "string"\?/,
  ],
  ...['spaceDelimited', 'pipeDelimited', 'deepObject'].map((style): [string, string, RegExp] => [
    `a list in the style ${style}`,
    `openapi: 3.1.0\npaths:\n  /a:\n    get:\n      parameters:\n        - name: ids\n          in: query\n          style: ${style}\n          schema: { type: array }\n`,
    new RegExp(`:8: the query parameter "ids" is a list in the style ${style}.* expected form`),
  ]),
  ['a list for paths', `openapi: 3.1.0\npaths:\n  - /a\n`, /:3: expected an object at #\/paths/],
  [
    'a parameter without a name',
    `openapi: 3.1.0\npaths:\n  /a:\n    get:\n      parameters:\n        - in: query\n`,
    /:6: expected a parameter with "name" and "in"/,
  ],
])(
  'an unreadable contract (%s) is told with file, line and what was expected',
  async (_, contract, message) => {
    await expect(typesOf(contract)).rejects.toThrow(message);
  },
);

test('a contract that is not there', async () => {
  const file = pathToFileURL(join(folder, 'absent.yaml'));
  await expect(openapiTypes(file)).rejects.toThrow(
    /absent\.yaml: expected an OpenAPI document, but there is no such file/,
  );
});
