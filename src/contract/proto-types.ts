import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { readProto } from './read-proto.ts';
import {
  arrayOf,
  atom,
  freeName,
  jsdoc,
  literal,
  nullType,
  objectText,
  typeName,
  union,
} from './type-text.ts';
import type { Member, TypeText } from './type-text.ts';

/**
 * The TypeScript of `contract.ts` for a .proto file, as @grpc/proto-loader gives messages with
 * `{ keepCase: false, longs: String, enums: String, defaults: true, oneofs: true }`: an export for
 * each message and enum, and for each service the request and response of its methods.
 *
 * Shape: what a service answers has every field (a message-typed one may be null; members of a
 * oneof and `optional` ones may be absent); what it is asked may leave out any. A message used both
 * ways is exported twice, as `X` and `XInput`. 64-bit integers are strings.
 * Fails: ContractError with file, line and what was expected.
 */
export async function protoTypes(protoFile: URL): Promise<string> {
  const root = await readProto(protoFile);
  const types = new ProtoTypes(root, fileURLToPath(protoFile));
  const header = `// Generated from ${basename(fileURLToPath(protoFile))} by \`npm run codegen\`. Do not edit.`;
  return `${[header, ...types.declarations()].join('\n\n')}\n`;
}

type Side = 'input' | 'output';

class ProtoTypes {
  readonly #services: readonly protobuf.Service[];
  /** In the order of the file, then what it uses of others. */
  readonly #types: readonly (protobuf.Type | protobuf.Enum)[];
  readonly #names = new Map<protobuf.ReflectionObject, string>();
  readonly #used: Readonly<Record<Side, ReadonlySet<protobuf.Type>>>;

  constructor(root: protobuf.Root, path: string) {
    const all = nestedObjects(root);
    const own = all.filter((object) => object.filename === path);
    this.#services = own.filter((object) => object instanceof protobuf.Service);
    const methods = this.#services.flatMap((service) => service.methodsArray);
    this.#used = {
      input: reachable(methods.map((method) => method.resolvedRequestType)),
      output: reachable(methods.map((method) => method.resolvedResponseType)),
    };
    const ownTypes = own.filter(isTypeOrEnum);
    const foreign = new Set([...reachable(ownTypes), ...this.#used.input, ...this.#used.output]);
    const enums = [...foreign].flatMap((type) =>
      type.fieldsArray.map((field) => field.resolvedType),
    );
    const others = [...foreign, ...enums].filter((type) => type !== null);
    this.#types = [...new Set([...ownTypes, ...others])];
    this.#takeNames();
  }

  declarations(): string[] {
    const types = this.#types.flatMap((type) => {
      if (type instanceof protobuf.Enum) return [this.#enum(type)];
      const input = this.#used.input.has(type);
      const output = this.#used.output.has(type) || !input;
      return [
        ...(output ? [this.#message(type, 'output')] : []),
        ...(input ? [this.#message(type, 'input')] : []),
      ];
    });
    return [...types, ...this.#services.map((service) => this.#service(service))];
  }

  /** `Flight`, nested `FlightLeg`; a name that two packages share gets its package in front. */
  #takeNames(): void {
    const taken = new Set<string>();
    for (const service of this.#services)
      this.#names.set(service, freeName(typeName(service.name), taken));
    for (const type of this.#types) {
      const short = typeName(pathOf(type).join('.'));
      const name = freeName(taken.has(short) ? typeName(type.fullName) : short, taken);
      this.#names.set(type, name);
      if (type instanceof protobuf.Type) taken.add(`${name}Input`);
    }
  }

  #nameOf(type: protobuf.Type | protobuf.Enum, side: Side): TypeText {
    const name = this.#names.get(type) ?? type.name;
    if (side === 'output' || type instanceof protobuf.Enum) return atom(name);
    return atom(this.#used.output.has(type) ? `${name}Input` : name);
  }

  #enum(type: protobuf.Enum): string {
    const values = union(Object.keys(type.values).map((value) => literal(value)));
    const notes = Object.entries(type.comments).flatMap(([value, text]) =>
      text ? [`- \`${value}\`: ${text}`] : [],
    );
    const comment = [type.comment, notes.join('\n')].filter(Boolean).join('\n\n');
    return `${jsdoc(comment)}export type ${this.#nameOf(type, 'output').text} = ${values.text};`;
  }

  #message(type: protobuf.Type, side: Side): string {
    const members = type.fieldsArray.map((field): Member => {
      const present = side === 'output' && field.partOf === null;
      const value = this.#field(field, side);
      const nullable =
        side === 'input' || (present && isMessage(field) && !field.repeated && !field.map);
      return {
        key: field.name,
        type: (nullable ? union([value, nullType]) : value).text,
        optional: !present,
        readonly: true,
        description: field.comment,
      };
    });
    if (side === 'output') members.push(...choices(type));
    const name = this.#nameOf(type, side).text;
    const body = objectText(members);
    return `${jsdoc(type.comment)}export ${members.length === 0 ? `type ${name} = ${body};` : `interface ${name} ${body}`}`;
  }

  #field(field: protobuf.Field, side: Side): TypeText {
    const one = field.resolvedType
      ? this.#nameOf(field.resolvedType, side)
      : scalar(field.type, side);
    if (field.map) return atom(`{ readonly [key: string]: ${one.text} }`);
    return field.repeated ? arrayOf(one) : one;
  }

  #service(service: protobuf.Service): string {
    const methods = service.methodsArray.map((method): Member => {
      const { resolvedRequestType, resolvedResponseType } = method;
      const request = resolvedRequestType
        ? this.#nameOf(resolvedRequestType, 'input').text
        : 'unknown';
      const response = resolvedResponseType
        ? this.#nameOf(resolvedResponseType, 'output').text
        : 'unknown';
      const streams = `${method.requestStream ? '; requestStream: true' : ''}${method.responseStream ? '; stream: true' : ''}`;
      return {
        key: method.name,
        type: `{ request: ${request}; response: ${response}${streams} }`,
        description: method.comment,
      };
    });
    return `${jsdoc(service.comment)}export interface ${this.#names.get(service)} ${objectText(methods)}`;
  }
}

/** The field that tells which member of a oneof is there; the oneof behind `optional` is no choice. */
function choices(type: protobuf.Type): Member[] {
  return type.oneofsArray
    .filter((oneof) => !oneof.isProto3Optional)
    .map((oneof) => ({
      key: oneof.name,
      type: union(oneof.fieldsArray.map((field) => literal(field.name))).text,
      optional: true,
      readonly: true,
      description: oneof.comment ?? 'Which of them is present.',
    }));
}

function scalar(type: string, side: Side): TypeText {
  if (type === 'bool') return atom('boolean');
  if (type === 'string') return atom('string');
  if (type === 'bytes')
    return side === 'input' ? union([atom('Uint8Array'), atom('string')]) : atom('Uint8Array');
  if (!type.endsWith('64')) return atom('number');
  return side === 'input' ? union([atom('string'), atom('number')]) : atom('string');
}

/** The messages that `starts` can contain, themselves included. */
function reachable(starts: readonly (protobuf.ReflectionObject | null)[]): Set<protobuf.Type> {
  const found = new Set<protobuf.Type>();
  const open = [...starts];
  for (const next of open) {
    if (!(next instanceof protobuf.Type) || found.has(next)) continue;
    found.add(next);
    open.push(...next.fieldsArray.map((field) => field.resolvedType));
  }
  return found;
}

function nestedObjects(space: protobuf.NamespaceBase): protobuf.ReflectionObject[] {
  return space.nestedArray.flatMap((object) =>
    object instanceof protobuf.Namespace ? [object, ...nestedObjects(object)] : [object],
  );
}

/** The names from the outermost message inwards. */
function pathOf(object: protobuf.ReflectionObject): string[] {
  const { parent } = object;
  return parent instanceof protobuf.Type ? [...pathOf(parent), object.name] : [object.name];
}

function isTypeOrEnum(object: protobuf.ReflectionObject): object is protobuf.Type | protobuf.Enum {
  return object instanceof protobuf.Type || object instanceof protobuf.Enum;
}

function isMessage(field: protobuf.Field): boolean {
  return field.resolvedType instanceof protobuf.Type;
}
