/** A piece of TypeScript that stands for a type, and what is needed to combine it with others. */
export interface TypeText {
  readonly text: string;
  readonly form: 'atom' | 'union' | 'intersection' | 'array';
  /** Of a union: its members. Otherwise the type itself. */
  readonly members: readonly string[];
}

export const unknownType = atom('unknown');
export const nullType = atom('null');

export function atom(text: string): TypeText {
  return { text, form: 'atom', members: [text] };
}

/** A string, number, boolean or null as a type of its own. */
export function literal(value: unknown): TypeText {
  return atom(typeof value === 'string' ? quote(value) : (JSON.stringify(value) ?? 'unknown'));
}

/** `A | B`, each member once; `unknown` swallows the others. */
export function union(types: readonly TypeText[]): TypeText {
  const members = [...new Set(types.flatMap((type) => type.members))].filter((m) => m !== 'never');
  if (members.length === 0) return atom('never');
  if (members.includes('unknown')) return unknownType;
  const only = members.length === 1 && types.find((type) => type.text === members[0]);
  if (only) return only;
  return { text: members.join(' | '), form: 'union', members };
}

/** `A & B`; `unknown` adds nothing. */
export function intersection(types: readonly TypeText[]): TypeText {
  const telling = types.filter((type) => type.text !== 'unknown');
  const parts = [...new Map(telling.map((type) => [type.text, type])).values()];
  const [first] = parts;
  if (!first) return unknownType;
  if (parts.length === 1) return first;
  const text = parts.map((type) => (type.form === 'union' ? `(${type.text})` : type.text));
  return { text: text.join(' & '), form: 'intersection', members: [text.join(' & ')] };
}

/** `readonly A[]`. */
export function arrayOf(item: TypeText): TypeText {
  const text = `readonly ${item.form === 'atom' ? item.text : `(${item.text})`}[]`;
  return { text, form: 'array', members: [text] };
}

export interface Member {
  readonly key: string;
  readonly type: string;
  readonly optional?: boolean;
  readonly readonly?: boolean;
  readonly description?: string | null;
}

/** `{ … }`, a member a line; `{}` becomes a type that has no members at all. */
export function objectText(members: readonly Member[], index?: string): string {
  if (members.length === 0 && index === undefined) return '{ readonly [key: string]: never }';
  const lines = members.map((member) => {
    const key = `${member.readonly ? 'readonly ' : ''}${propertyKey(member.key)}`;
    return `${jsdoc(member.description)}${key}${member.optional ? '?' : ''}: ${member.type};`;
  });
  if (index !== undefined) lines.push(`readonly [key: string]: ${index};`);
  return `{\n${indent(lines.join('\n'))}\n}`;
}

/** A doc comment and its line break, or nothing where there is nothing to say. */
export function jsdoc(description: string | null | undefined): string {
  const text = (description ?? '').trim().replaceAll('*/', '*\\/');
  const lines = text.split(/\r?\n/).flatMap(wrap);
  if (lines.length === 1) return lines[0] === '' ? '' : `/** ${lines[0]} */\n`;
  return `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join('\n')}\n */\n`;
}

export function quote(text: string): string {
  const body = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${body}'`;
}

/** A name that TypeScript accepts for a type, close to the contract's own. */
export function typeName(name: string): string {
  const words = name.split(/[^A-Za-z0-9_$]+/).filter((word) => word !== '');
  const pascal = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return /^[A-Za-z_$]/.test(pascal) ? pascal : `T${pascal}`;
}

/** The wanted name, or the same with the first number that makes it free; it is taken from then on. */
export function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let count = 2; taken.has(name); count += 1) name = `${wanted}${count}`;
  taken.add(name);
  return name;
}

function propertyKey(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : quote(key);
}

/** Lines of at most 100 characters, unless a word is longer. */
function wrap(line: string): string[] {
  return line.length <= 100
    ? [line]
    : line
        .replaceAll(/(.{1,100})(?:\s+|$)/g, '$1\n')
        .trimEnd()
        .split('\n');
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}
