import type { Fields, Located, OpenapiDocument } from './openapi-document.ts';
import type { SchemaTypes } from './schema-types.ts';
import { atom, type TypeText, union } from './type-text.ts';

/** Writes the types of query parameters, so that a list is sent in the style that the contract says. */
export class QueryTypes {
  readonly #document: OpenapiDocument;
  readonly #schemas: SchemaTypes;
  /** Whether one of the types is `Repeated`. */
  repeats = false;

  constructor(document: OpenapiDocument, schemas: SchemaTypes) {
    this.#document = document;
    this.#schemas = schemas;
  }

  /**
   * Lists: `readonly A[]` where commas join them (`explode: false`), `Repeated<A>` where each item has
   * a parameter of its own, as it is where the contract says nothing.
   *
   * Fails: ContractError for a list in a style that no call sends.
   */
  typeOf(parameter: Located<Fields>, schema: Located): TypeText {
    if (!this.#hasList(schema)) return this.#schemas.typeOf(schema);
    const { name, style = 'form', explode = style === 'form' } = parameter.value;
    if (style !== 'form') {
      throw this.#document.fail(
        [...parameter.place, 'style'],
        `the query parameter "${String(name)}" is a list in the style ${String(style)}, which no call sends; expected form (with "explode: false": joined by commas), if the service takes it, or no such parameter`,
      );
    }
    return explode === false ? this.#schemas.typeOf(schema) : this.#repeated(schema);
  }

  #repeated(located: Located): TypeText {
    if (!this.#hasList(located)) return this.#schemas.typeOf(located);
    const schema = this.#resolved(located);
    if (!isList(schema.value))
      return union(this.#choices(schema).map((one) => this.#repeated(one)));
    this.repeats = true;
    const { text } = this.#schemas.typeOf(this.#document.child(schema, 'items'));
    return atom(`Repeated<${text}>`);
  }

  #hasList(located: Located, within: readonly unknown[] = []): boolean {
    const schema = this.#resolved(located);
    const { value } = schema;
    // A choice may be among its own choices.
    if (isList(value) || within.includes(value)) return isList(value);
    return this.#choices(schema).some((one) => this.#hasList(one, [...within, value]));
  }

  #choices(schema: Located<Fields>): Located[] {
    return ['oneOf', 'anyOf'].flatMap((keyword) => {
      const list = this.#document.child(schema, keyword);
      if (!Array.isArray(list.value)) return [];
      return list.value.map((value: unknown, n) => ({ value, place: [...list.place, n] }));
    });
  }

  #resolved(located: Located): Located<Fields> {
    const schema = this.#document.resolve(located);
    return typeof schema.value === 'boolean'
      ? { value: {}, place: schema.place }
      : this.#document.fields(schema);
  }
}

function isList({ type, items }: Fields): boolean {
  if (type === undefined) return items !== undefined;
  return type === 'array' || (Array.isArray(type) && type.includes('array'));
}
