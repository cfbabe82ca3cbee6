import type { AccessRule, ParentCheck } from '../engine/access.ts';
import { didYouMean } from '../nearest-name.ts';
import type { RequestContext } from '../request.ts';
import { scopeTests } from '../subschema/auth-scopes.ts';

/** What one `authScopes` asks: rules about the viewer alone, or a question about each parent. */
export interface Asked {
  readonly rules: readonly AccessRule[];
  readonly checks: readonly ParentCheck[];
}

type ScopeMap = Readonly<Record<string, unknown>>;

const names = [...Object.keys(scopeTests), '$all', '$any'];
const example = "{ viewer: true }, { scope: 'bookings.read' } or { role: 'staff' }";

type Ask = (...values: unknown[]) => unknown;

/** Reads `authScopes`. Equal rules are one object, and so are the checks of one function. */
export class Scopes {
  readonly #rules = new Map<string, AccessRule>();
  readonly #typeChecks = new Map<Ask, ParentCheck>();
  readonly #fieldChecks = new Map<Ask, ParentCheck>();

  /** Fails with place and remedy for a scope that does not exist or asks for nothing. */
  read(authScopes: unknown, of: 'type' | 'field', at: string): Asked {
    if (typeof authScopes === 'function') {
      return { rules: [], checks: [this.#check(authScopes as Ask, of, at)] };
    }
    return { rules: this.#all(asMap(authScopes, at), at), checks: [] };
  }

  /** One rule for each thing that is asked. */
  #all(map: ScopeMap, at: string): AccessRule[] {
    return Object.entries(map).flatMap(([name, value]) => {
      if (name === '$all') return this.#all(asMap(value, at), at);
      const part = { [name]: value };
      checkMap(part, at);
      return [this.#rule(describe(part), part)];
    });
  }

  /** Pothos gives a field of an interface, with its function, to each type that implements it. */
  #check(ask: Ask, of: 'type' | 'field', at: string): ParentCheck {
    const known = of === 'type' ? this.#typeChecks : this.#fieldChecks;
    let check = known.get(ask);
    if (!check) known.set(ask, (check = checkOf(ask, of, at)));
    return check;
  }

  #rule(name: string, map: ScopeMap): AccessRule {
    let rule = this.#rules.get(name);
    if (!rule) {
      // The context is the operation's: the bff hands it to the engine.
      rule = { name, holds: (context) => holds(map, context as RequestContext) };
      this.#rules.set(name, rule);
    }
    return rule;
  }
}

/** Types are asked `(parent, context)`, fields `(parent, args, context, info)`. */
function checkOf(ask: Ask, of: 'type' | 'field', at: string): ParentCheck {
  return (parent, args, context, info) => {
    const verdict = of === 'type' ? ask(parent, context) : ask(parent, args, context, info);
    const decide = (said: unknown) => {
      if (typeof said === 'boolean') return said;
      const map = asMap(said, at);
      checkMap(map, at);
      return holds(map, context as RequestContext);
    };
    return isPromise(verdict) ? verdict.then(decide) : decide(verdict);
  };
}

/** Whether all that a map asks for holds. */
function holds(map: ScopeMap, context: RequestContext): boolean {
  return Object.entries(map).every(([name, value]) => holdsOne(name, value, context));
}

function holdsOne(name: string, value: unknown, context: RequestContext): boolean {
  if (name === '$all') return holds(value as ScopeMap, context);
  if (name === '$any') {
    return Object.entries(value as ScopeMap).some(([one, its]) => holdsOne(one, its, context));
  }
  // checkMap has seen names and values.
  const test = scopeTests[name as keyof typeof scopeTests] as (
    context: RequestContext,
    value: unknown,
  ) => boolean;
  return test(context, value);
}

function checkMap(map: ScopeMap, at: string): void {
  for (const [name, value] of Object.entries(map)) {
    if (name === '$granted') {
      throw new Error(
        `${at} asks for $granted, which grantScopes of another field would have to give; let a function in authScopes look at the parent`,
      );
    }
    if (!names.includes(name)) {
      throw new Error(
        `${at} asks for the scope "${name}", which there is not; write ${example}.${didYouMean(name, names)}`,
      );
    }
    if (name.startsWith('$')) checkMap(asMap(value, at), at);
    else if (name === 'viewer' ? value !== true : typeof value !== 'string' || value === '') {
      throw new Error(
        `${at} asks for ${name}: ${JSON.stringify(value)}; write ${name === 'viewer' ? 'viewer: true' : `${name}: and its name`}`,
      );
    }
  }
}

function asMap(value: unknown, at: string): ScopeMap {
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
    return value as ScopeMap;
  }
  throw new Error(
    `${at} has authScopes that ask for nothing; write ${example}, or \`() => true\` where everybody may`,
  );
}

/** `scope: "bookings.read"`, `any of role: "staff", viewer`. */
function describe(map: ScopeMap): string {
  return Object.entries(map)
    .map(([name, value]) => {
      if (name === '$any') return `any of (${describe(value as ScopeMap)})`;
      if (name === '$all') return `all of (${describe(value as ScopeMap)})`;
      return value === true ? name : `${name}: ${JSON.stringify(value)}`;
    })
    .join(', ');
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value;
}
