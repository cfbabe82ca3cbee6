import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OpenapiDocument, isFields, textOf } from './openapi-document.ts';
import type { Fields, Located } from './openapi-document.ts';
import { QueryTypes } from './query-types.ts';
import { SchemaTypes } from './schema-types.ts';
import { jsdoc, nullType, objectText, union, unknownType } from './type-text.ts';
import type { Member, TypeText } from './type-text.ts';

const methods = ['get', 'put', 'post', 'delete', 'patch', 'head'] as const;

/**
 * The TypeScript of `contract.ts` for an OpenAPI 3 document: an export for each component schema,
 * and `Paths`, which says for each path and method what `params`, `query` and `body` it takes and
 * what its `response` is.
 *
 * Shape: an answer without a body is `null`; one that isn't JSON is `unknown`; a list in a query that
 * the contract wants as a parameter for each item is `Repeated`.
 * Fails: ContractError with file, line and what was expected.
 */
export async function openapiTypes(contractFile: URL): Promise<string> {
  const document = await OpenapiDocument.read(contractFile);
  const schemas = new SchemaTypes(document, ['Paths', 'Repeated']);
  const queries = new QueryTypes(document, schemas);
  const paths = new PathTypes(document, schemas, queries).declaration();
  const file = basename(fileURLToPath(contractFile));
  const header = `// Generated from ${file} by \`npm run codegen\`. Do not edit.`;
  const imports = queries.repeats ? ["import type { Repeated } from 'tailorbird';"] : [];
  return `${[header, ...imports, ...schemas.declarations(), paths].join('\n\n')}\n`;
}

class PathTypes {
  readonly #document: OpenapiDocument;
  readonly #schemas: SchemaTypes;
  readonly #queries: QueryTypes;

  constructor(document: OpenapiDocument, schemas: SchemaTypes, queries: QueryTypes) {
    this.#document = document;
    this.#schemas = schemas;
    this.#queries = queries;
  }

  declaration(): string {
    const paths = this.#document.object(this.#document.root, 'paths');
    const members = Object.keys(paths.value)
      .filter((path) => path.startsWith('/'))
      .map((path): Member => {
        const item = this.#document.object(paths, path);
        return { key: path, type: this.#pathItem(item) };
      });
    return `${jsdoc('What each call takes and gives back, by path and method.')}export interface Paths ${objectText(members)}`;
  }

  #pathItem(item: Located<Fields>): string {
    const operations = methods.filter((method) => item.value[method] !== undefined);
    return objectText(
      operations.map((method): Member => {
        const operation = this.#document.object(item, method);
        const { summary, description } = operation.value;
        return {
          key: method,
          type: this.#operation(item, operation, method),
          description: textOf(description) ?? textOf(summary),
        };
      }),
    );
  }

  #operation(item: Located<Fields>, operation: Located<Fields>, method: string): string {
    const parameters = this.#parameters(item, operation);
    const params = parameters.get('path') ?? [];
    const query = parameters.get('query') ?? [];
    const members: Member[] = [];
    if (params.length > 0) members.push({ key: 'params', type: objectText(params) });
    if (query.length > 0) {
      const optional = query.every((parameter) => parameter.optional);
      members.push({ key: 'query', type: objectText(query), optional });
    }
    members.push(this.#body(operation));
    const response = method === 'head' ? nullType : this.#response(operation);
    members.push({ key: 'response', type: response.text });
    return objectText(members);
  }

  /** Members by where the parameter goes; an operation's own parameter replaces the path's. */
  #parameters(item: Located<Fields>, operation: Located<Fields>): Map<string, Member[]> {
    const found = new Map<string, { in: string; member: Member }>();
    for (const owner of [item, operation]) {
      const list = this.#document.child(owner, 'parameters');
      if (list.value === undefined) continue;
      if (!Array.isArray(list.value)) {
        throw this.#document.fail(list.place, 'expected a list of parameters');
      }
      for (const [n, value] of list.value.entries()) {
        const parameter = this.#document.fields(
          this.#document.resolve({ value, place: [...list.place, n] }),
        );
        const { name, in: location, required, description } = parameter.value;
        if (typeof name !== 'string' || typeof location !== 'string') {
          throw this.#document.fail(parameter.place, 'expected a parameter with "name" and "in"');
        }
        const member: Member = {
          key: name,
          type: this.#parameterType(location, parameter).text,
          optional: location !== 'path' && required !== true,
          description: textOf(description),
        };
        found.set(`${location} ${name}`, { in: location, member });
      }
    }
    const entries = [...found.values()];
    return new Map(
      ['path', 'query'].map((location) => [
        location,
        entries.filter((entry) => entry.in === location).map((entry) => entry.member),
      ]),
    );
  }

  /** A parameter says its schema itself, or through the one media type of its `content`. */
  #parameterType(location: string, parameter: Located<Fields>): TypeText {
    const schema = this.#document.child(parameter, 'schema');
    if (schema.value !== undefined) {
      return location === 'query'
        ? this.#queries.typeOf(parameter, schema)
        : this.#schemas.typeOf(schema);
    }
    const content = this.#document.object(parameter, 'content');
    const [mediaType] = Object.keys(content.value);
    if (mediaType === undefined) return this.#schemas.typeOf(schema);
    const media = this.#document.object(content, mediaType);
    return this.#schemas.typeOf(this.#document.child(media, 'schema'));
  }

  #body(operation: Located<Fields>): Member {
    if (operation.value['requestBody'] === undefined) {
      return { key: 'body', type: 'undefined', optional: true };
    }
    const body = this.#document.object(operation, 'requestBody');
    const type = this.#contentType(body) ?? unknownType;
    const optional = body.value['required'] !== true;
    return {
      key: 'body',
      type: type.text,
      optional,
      description: textOf(body.value['description']),
    };
  }

  #response(operation: Located<Fields>): TypeText {
    const responses = this.#document.object(operation, 'responses');
    const successes = Object.keys(responses.value).filter((status) => /^2(\d\d|XX)$/i.test(status));
    if (successes.length === 0) return unknownType;
    return union(
      successes.map((status) => {
        const response = this.#document.object(responses, status);
        return this.#contentType(response) ?? nullType;
      }),
    );
  }

  /** The JSON body among the media types; unknown when there are only others, null when none. */
  #contentType(owner: Located<Fields>): TypeText | null {
    const content = this.#document.child(owner, 'content');
    if (!isFields(content.value)) return null;
    const mediaTypes = this.#document.fields(content);
    const json = Object.keys(mediaTypes.value).find((name) => /[/+]json\b|^\*\/\*/i.test(name));
    if (json === undefined) return Object.keys(mediaTypes.value).length === 0 ? null : unknownType;
    const media = this.#document.object(mediaTypes, json);
    const schema = this.#document.child(media, 'schema');
    return this.#schemas.typeOf(schema);
  }
}
