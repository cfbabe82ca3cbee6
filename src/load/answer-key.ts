import { createHash } from 'node:crypto';
import type { ClientIdentity } from '../request.ts';
import { stableText } from './stable-text.ts';

/** An operation of one graph, whatever its variables. */
export interface OperationKeyParts {
  readonly bff: string;
  readonly schemaHash: string;
  /** The document's hash and the operation's name, or what else tells operations apart. */
  readonly operation: string;
}

/** What the answer depends on beside its operation, but for who asks. */
export interface AnswerKeyParts {
  readonly variables: unknown;
  /** As resolvers and backends see it. */
  readonly locale: string | null;
  readonly client: ClientIdentity;
}

export function operationKey({ bff, schemaHash, operation }: OperationKeyParts): string {
  return stableText([bff, schemaHash, operation]);
}

/** The key of a read. Its text is made when it is needed: most operations that can't be kept never do. */
export class AnswerKey {
  /** Its operation's key: reads of one operation are expected to be as public as the last one. */
  readonly operation: string;
  readonly #parts: AnswerKeyParts;
  #text: string | undefined;

  constructor(operation: string, parts: AnswerKeyParts) {
    this.operation = operation;
    this.#parts = parts;
  }

  /** Whether it is the key of these parts as well, by identity of their variables. */
  isOf({ variables, locale, client }: AnswerKeyParts): boolean {
    const own = this.#parts;
    return (
      own.variables === variables &&
      own.locale === locale &&
      own.client.name === client.name &&
      own.client.version === client.version
    );
  }

  /** Long variables are hashed. */
  get text(): string {
    return (this.#text ??= `${this.operation}${textOf(this.#parts)}`);
  }
}

function textOf({ variables, locale, client }: AnswerKeyParts): string {
  const text = stableText([variables ?? null, locale, client.name, client.version]);
  return text.length <= 200 ? text : createHash('sha256').update(text).digest('base64url');
}
