import { dirname, resolve } from 'node:path';
import { type DefinitionPlace, describePlace, placeOfCaller } from '../definition-place.ts';
import type { Limits } from '../limits.ts';
import { refuseUnknown, shown } from '../refuse-unknown.ts';
import type { Subschema } from '../subschema/define-subschema.ts';
import type { BffFields } from './bff-builder.ts';

export interface BffOptions {
  /** The client this bff serves; names it in logs and metrics. */
  readonly name: string;
  /** What is stitched together; shared with other bffs, never changed by one. */
  readonly subschemas: readonly Subschema[];
  /** Fields that only this client has. @default none */
  readonly fields?: readonly BffFields[];
  /** How the shared graph is cut for this client. @default as it is */
  readonly tailor?: Tailor;
  /** What this client may ask for: `{ depth: 8, costPoints: 500 }`. @default `defaultLimits` */
  readonly limits?: Partial<Limits>;
  /** Its apps by the name that they send, and the oldest version of each that is answered. @default any */
  readonly clients?: Readonly<Record<string, ClientRule>>;
  /**
   * Folder with the operations of each released version, relative to the file that calls
   * `defineBff`: `<version>/<Name>.graphql`. @default none
   */
  readonly operations?: string;
}

export interface ClientRule {
  /** Such as `2.3.0`; older ones are told CLIENT_UPGRADE_REQUIRED. */
  readonly minimum: string;
}

/** Coordinates are those of the subschemas: `Type`, `Type.field`, `Type.field.argument`, `Enum.VALUE`. */
export interface Tailor {
  /** What this client does not see. `needs` may still use it. @default nothing */
  readonly hide?: readonly string[];
  /** New names, by coordinate of a type or field. @default none */
  readonly rename?: Readonly<Record<string, string>>;
  /** Argument defaults, by coordinate. @default those of the subschema */
  readonly defaults?: Readonly<Record<string, unknown>>;
}

/** One client's graph. Inert: `composeBff` builds it, `createServer` serves it. */
export interface Bff {
  readonly name: string;
  readonly place: DefinitionPlace | null;
  readonly subschemas: readonly Subschema[];
  readonly fields: readonly BffFields[];
  readonly tailor: Required<Tailor>;
  readonly limits: Partial<Limits>;
  readonly clients: Readonly<Record<string, ClientRule>>;
  /** Absolute path, or null when none is kept. */
  readonly operations: string | null;
}

/** Describes one client: what it stitches, how it is cut, and what it adds. */
export function defineBff(options: BffOptions): Bff {
  const place = placeOfCaller(defineBff);
  const at = describePlace(place);
  refuseUnknown(`${at}: defineBff`, options, optionNames);
  refuseUnknown(`${at}: tailor`, options.tailor ?? {}, ['hide', 'rename', 'defaults']);
  checkValues(options, `${at}: defineBff`);
  const folder = place ? dirname(place.file) : process.cwd();
  return {
    name: options.name,
    place,
    subschemas: options.subschemas,
    fields: options.fields ?? [],
    tailor: {
      hide: options.tailor?.hide ?? [],
      rename: options.tailor?.rename ?? {},
      defaults: options.tailor?.defaults ?? {},
    },
    limits: options.limits ?? {},
    clients: options.clients ?? {},
    operations: options.operations === undefined ? null : resolve(folder, options.operations),
  };
}

/** What the types say, for who writes JavaScript. */
function checkValues(options: BffOptions, at: string): void {
  const {
    name,
    subschemas,
    fields = [],
  } = options as { readonly [Name in keyof BffOptions]: unknown };
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new Error(
      `${at}: name must be lower case letters, digits and dashes, but got: ${shown(name)}`,
    );
  }
  checkList(`${at}: subschemas`, subschemas, 'defineSubschema', ['backend', 'merge']);
  checkList(`${at}: fields`, fields, 'fieldsOn', ['typeName', 'apply']);
}

function checkList(what: string, list: unknown, maker: string, has: readonly string[]): void {
  if (!Array.isArray(list)) {
    throw new Error(`${what} must be a list of what ${maker} returns, but got: ${shown(list)}`);
  }
  for (const [index, item] of list.entries()) {
    if (typeof item === 'object' && item !== null && has.every((name) => name in item)) continue;
    throw new Error(`${what}[${index}] must be what ${maker} returns, but got: ${shown(item)}`);
  }
}

/** Whether something that a module exports was made by `defineBff`. */
export function isBff(value: unknown): value is Bff {
  return typeof value === 'object' && value !== null && 'subschemas' in value && 'tailor' in value;
}

const optionNames = [
  'name',
  'subschemas',
  'fields',
  'tailor',
  'limits',
  'operations',
  'clients',
] as const satisfies (keyof BffOptions)[];
