import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isLeafType,
  isObjectType,
} from 'graphql';
import { Random } from './random.ts';

export interface Operation {
  readonly source: string;
  readonly variables: Record<string, unknown>;
}

const variables = { yes: true, no: false, text: 'given', number: 7 };
const types = { yes: 'Boolean!', no: 'Boolean!', text: 'String', number: 'Int' };

/** A random valid operation on what the stitched and the plain schema have in common. */
export function createOperation(schema: GraphQLSchema, seed: number): Operation {
  return new Writer(schema, seed).write();
}

class Writer {
  readonly #schema: GraphQLSchema;
  readonly #random: Random;
  readonly #fragments: string[] = [];
  #aliases = 0;
  #budget: number;

  constructor(schema: GraphQLSchema, seed: number) {
    this.#schema = schema;
    this.#random = new Random(seed);
    this.#budget = 5 + this.#random.int(55);
  }

  write(): Operation {
    const query = this.#schema.getQueryType();
    if (!query) throw new Error('no Query');
    const roots = Object.values(query.getFields()).filter(({ name }) => name.startsWith('root'));
    const chosen = roots.filter(() => this.#random.chance(2 / roots.length));
    const fields = (chosen.length > 0 ? chosen : [this.#random.pick(roots)]).map((field) =>
      this.#field(field, 4),
    );
    const body = `{ ${fields.join(' ')} }\n${this.#fragments.join('\n')}`;
    // A variable that nothing uses would make the operation invalid.
    const used = Object.entries(types).filter(([name]) => new RegExp(`\\$${name}\\b`).test(body));
    const declared = used.map(([name, type]) => `$${name}: ${type}`).join(', ');
    return { source: `query Case${declared && `(${declared})`} ${body}`, variables };
  }

  #selection(type: GraphQLNamedType, depth: number): string {
    const parts: string[] = [];
    if (isAbstractType(type)) {
      parts.push('__typename');
      for (const possible of this.#schema.getPossibleTypes(type)) {
        if (this.#random.chance(0.75)) {
          parts.push(
            this.#conditional(`... on ${possible.name}`, this.#selection(possible, depth)),
          );
        }
      }
      if (isInterfaceType(type)) {
        for (const field of Object.values(type.getFields())) parts.push(this.#field(field, depth));
      }
      return `{ ${parts.join(' ')} }`;
    }
    if (!isObjectType(type)) return '';
    for (const field of Object.values(type.getFields())) {
      const leaf = isLeafType(getNamedType(field.type));
      if (!leaf && depth <= 0) continue;
      if (this.#random.chance(leaf ? 0.45 : 0.4) && this.#budget-- > 0) {
        parts.push(this.#field(field, depth - 1));
      }
    }
    if (parts.length === 0 || this.#random.chance(0.15)) parts.push('__typename');
    if (parts.length > 1 && this.#random.chance(0.2)) {
      const half = parts.splice(0, 1 + this.#random.int(parts.length - 1));
      parts.push(this.#conditional(`... on ${type.name}`, `{ ${half.join(' ')} }`));
      if (this.#random.chance(0.4)) parts.push(...half.slice(0, 1));
    }
    if (this.#random.chance(0.15)) {
      const name = `Part${this.#fragments.length}`;
      this.#fragments.push(`fragment ${name} on ${type.name} { ${parts.splice(0).join(' ')} }`);
      parts.push(this.#conditional(`...${name}`, ''));
      if (this.#random.chance(0.3)) parts.push(`...${name}`);
    }
    return `{ ${parts.join(' ')} }`;
  }

  #field(field: GraphQLField<unknown, unknown>, depth: number): string {
    const named = getNamedType(field.type);
    const alias = this.#random.chance(0.2) ? `a${this.#aliases++}: ` : '';
    let args = '';
    let prefix = alias;
    if (field.args.length > 0 && this.#random.chance(0.6)) {
      args = this.#random.pick(['(text: "x")', '(text: $text, number: 3)', '(number: $number)']);
      prefix = `a${this.#aliases++}: `;
    }
    const below = isLeafType(named) ? '' : ` ${this.#selection(named, depth)}`;
    const head = `${prefix}${field.name}${args}`;
    return this.#conditional(head, below);
  }

  #conditional(head: string, rest: string): string {
    const directive = this.#random.chance(0.12)
      ? this.#random.pick([
          ' @include(if: $yes)',
          ' @skip(if: $no)',
          ' @include(if: $no)',
          ' @skip(if: $yes)',
          ' @skip(if: true)',
        ])
      : '';
    return `${head}${directive} ${rest}`;
  }
}
