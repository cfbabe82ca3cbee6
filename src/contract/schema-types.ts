import { didYouMean } from '../nearest-name.ts';
import { isFields, refOf, textOf } from './openapi-document.ts';
import type { Fields, Located, OpenapiDocument } from './openapi-document.ts';
import * as ts from './type-text.ts';
import type { TypeText } from './type-text.ts';

const types = ['string', 'integer', 'number', 'boolean', 'array', 'object', 'null'];

/** Writes the schemas of one OpenAPI document as TypeScript. */
export class SchemaTypes {
  readonly #document: OpenapiDocument;
  /** The TypeScript name of each component schema, by the contract's name. */
  readonly #names = new Map<string, string>();
  readonly #components: Located<Fields>;
  /** References being written out in place, so that a cycle of them ends. */
  readonly #open = new Set<string>();

  constructor(document: OpenapiDocument, reserved: readonly string[]) {
    this.#document = document;
    this.#components = document.object(document.object(document.root, 'components'), 'schemas');
    const taken = new Set(reserved);
    for (const name of Object.keys(this.#components.value)) {
      this.#names.set(name, ts.freeName(ts.typeName(name), taken));
    }
  }

  /** One exported declaration per component schema, in the contract's order. */
  declarations(): string[] {
    return [...this.#names].map(([name, typeName]) => {
      const schema = this.#document.child(this.#components, name);
      const doc = isFields(schema.value) ? textOf(schema.value['description']) : null;
      const type = this.typeOf(schema);
      const plain = type.form === 'atom' && type.text.startsWith('{');
      const declaration = plain
        ? `interface ${typeName} ${type.text}`
        : `type ${typeName} = ${type.text};`;
      return `${ts.jsdoc(doc)}export ${declaration}`;
    });
  }

  typeOf(located: Located): TypeText {
    const { value, place } = located;
    if (value === undefined || value === true) return ts.unknownType;
    if (value === false) return ts.atom('never');
    const schema = this.#document.fields(located);
    const ref = refOf(value);
    if (ref !== null) {
      const target = this.#reference(ref, located);
      // Before 3.1, whatever stands beside a $ref doesn't count.
      return this.#document.version === '3.0'
        ? target
        : ts.intersection([target, this.#ownType(schema)]);
    }
    if (value === null) throw this.#document.fail(place, `expected a schema at ${place.join('.')}`);
    return this.#ownType(schema);
  }

  #reference(ref: string, from: Located): TypeText {
    const target = this.#document.target(ref, from.place);
    const [root, kind, name, ...rest] = target.place;
    const known = root === 'components' && kind === 'schemas' && rest.length === 0;
    const typeName = known ? this.#names.get(String(name)) : undefined;
    if (typeName !== undefined) return ts.atom(typeName);
    if (this.#open.has(ref)) return ts.unknownType;
    this.#open.add(ref);
    const type = this.typeOf(target);
    this.#open.delete(ref);
    return type;
  }

  #ownType(schema: Located<Fields>): TypeText {
    const { value } = schema;
    const parts = [
      this.#valueType(schema),
      ...this.#each(schema, 'allOf'),
      ts.union(this.#each(schema, 'oneOf')),
      ts.union(this.#each(schema, 'anyOf')),
    ].filter((part) => part.text !== 'never');
    const whole = parts.length === 0 ? ts.atom('never') : ts.intersection(parts);
    return value['nullable'] === true ? ts.union([whole, ts.nullType]) : whole;
  }

  /** What `type`, `enum`, `const`, `properties` and `items` say; unknown when they say nothing. */
  #valueType(schema: Located<Fields>): TypeText {
    const { value } = schema;
    if ('const' in value) return ts.literal(value['const']);
    if (Array.isArray(value['enum']))
      return ts.union(value['enum'].map((member) => ts.literal(member)));
    const { type } = value;
    if (Array.isArray(type)) return ts.union(type.map((one) => this.#typed(schema, one)));
    if (type !== undefined) return this.#typed(schema, type);
    if ('properties' in value || 'additionalProperties' in value) return this.#object(schema);
    return 'items' in value ? this.#array(schema) : ts.unknownType;
  }

  #typed(schema: Located<Fields>, type: unknown): TypeText {
    if (type === 'object') return this.#object(schema);
    if (type === 'array') return this.#array(schema);
    if (type === 'integer' || type === 'number') return ts.atom('number');
    if (type === 'string' || type === 'boolean' || type === 'null') return ts.atom(type);
    throw this.#document.fail(
      [...schema.place, 'type'],
      `${JSON.stringify(type)} is no type of a schema.${didYouMean(String(type), types)}`,
    );
  }

  #array(schema: Located<Fields>): TypeText {
    const tuple = this.#each(schema, 'prefixItems');
    if (tuple.length === 0) return ts.arrayOf(this.typeOf(this.#document.child(schema, 'items')));
    return ts.atom(`readonly [${tuple.map((item) => item.text).join(', ')}]`);
  }

  #object(schema: Located<Fields>): TypeText {
    const properties = this.#document.object(schema, 'properties');
    const required = Array.isArray(schema.value['required']) ? schema.value['required'] : [];
    const members = Object.entries(properties.value).map(([key, value]): ts.Member => {
      const type = this.typeOf({ value, place: [...properties.place, key] });
      const description = isFields(value) ? textOf(value['description']) : null;
      return {
        key,
        type: type.text,
        optional: !required.includes(key),
        readonly: true,
        description,
      };
    });
    const additional = this.#document.child(schema, 'additionalProperties');
    const open = additional.value !== undefined && additional.value !== false;
    const inherits = ['allOf', 'oneOf', 'anyOf'].some((key) => key in schema.value);
    if (members.length === 0 && inherits && !open) return ts.unknownType;
    if (!open) {
      // An object of which nothing is said may have any member.
      const free = members.length === 0 && additional.value !== false;
      return ts.atom(ts.objectText(members, free ? 'unknown' : undefined));
    }
    const index = this.typeOf(additional).text;
    if (members.length === 0 || index === 'unknown') return ts.atom(ts.objectText(members, index));
    return ts.intersection([ts.atom(ts.objectText(members)), ts.atom(ts.objectText([], index))]);
  }

  #each(schema: Located<Fields>, key: string): TypeText[] {
    const list = schema.value[key];
    if (list === undefined) return [];
    if (!Array.isArray(list))
      throw this.#document.fail([...schema.place, key], `expected a list under ${key}`);
    return list.map((value: unknown, n) =>
      this.typeOf({ value, place: [...schema.place, key, n] }),
    );
  }
}
