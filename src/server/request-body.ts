import { isAscii } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { isInCrumbs } from '../in-crumbs.ts';
import type { OperationRequest } from './admission/admission.ts';
import type { HttpRefusal } from './http-refusal.ts';

/**
 * The text of a request's body, or why it was not read: longer than `limitBytes` by its header or
 * by what arrived, in chunks of a few bytes, or not UTF-8.
 */
export async function readBody(
  request: Request,
  limitBytes: number,
): Promise<string | HttpRefusal> {
  const announced = request.headers.get('content-length');
  if (announced !== null && Number(announced) > limitBytes) return tooLarge;
  if (!request.body) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  let count = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    count += 1;
    if (isInCrumbs(count, size)) return inCrumbs;
    if (size <= limitBytes) chunks.push(chunk);
    else if (size > limitBytes + politenessBytes) break;
  }
  if (size > limitBytes) return tooLarge;
  return decoded(Buffer.concat(chunks));
}

/** `readBody` of a request as Node has it, handed over to `done`. Silent when the client leaves. */
export function readIncoming(
  request: IncomingMessage,
  limitBytes: number,
  done: (text: string | HttpRefusal) => unknown,
): void {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) {
    request.resume();
    done(tooLarge);
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  let count = 0;
  const take = (chunk: Buffer): void => {
    size += chunk.length;
    count += 1;
    if (isInCrumbs(count, size)) {
      request.off('data', take).off('end', end).pause();
      if (size <= limitBytes) done(inCrumbs);
    } else if (size <= limitBytes) chunks.push(chunk);
    else if (size - chunk.length <= limitBytes) done(tooLarge);
  };
  const end = (): void => {
    if (size > limitBytes) return;
    const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
    done(decoded(bytes));
  };
  request.on('data', take).once('end', end);
}

/** The operation in a JSON body, or what is wrong with it. */
export function operationInBody(text: string): OperationRequest | HttpRefusal {
  if (text === '') return malformed('The request body is empty; send {"query": "…"} as JSON.');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return malformed('The request body is not valid JSON.');
  }
  if (Array.isArray(body)) {
    return malformed('The request body is a list; send one operation a request.');
  }
  if (!isRecord(body)) {
    return malformed(`The request body must be a JSON object, but is ${kindOf(body)}.`);
  }
  return checkedOperation(body);
}

/** The operation in a query string, or what is wrong with it. */
export function operationInUrl(parameters: URLSearchParams): OperationRequest | HttpRefusal {
  const body: Record<string, unknown> = {
    query: parameters.get('query'),
    operationName: parameters.get('operationName') || null,
  };
  for (const name of idParameters) body[name] = parameters.get(name);
  for (const name of ['variables', 'extensions']) {
    const text = parameters.get(name);
    if (!text) continue;
    try {
      body[name] = JSON.parse(text);
    } catch {
      return malformed(`The parameter "${name}" is not valid JSON.`);
    }
  }
  return checkedOperation(body);
}

export function isHttpRefusal(value: object): value is HttpRefusal {
  return 'status' in value;
}

/**
 * How much of a body over its limit is still read and thrown away: a client hears an answer only
 * once it has written its request. After that the connection is cut.
 */
const politenessBytes = 1024 * 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decoded(bytes: Buffer): string | HttpRefusal {
  // Nearly all are ASCII, and read as such in a fraction of the time.
  if (isAscii(bytes)) return bytes.toString('latin1');
  try {
    return utf8.decode(bytes);
  } catch {
    return { status: 400, message: 'The request body is not UTF-8.' };
  }
}

function checkedOperation(body: Record<string, unknown>): OperationRequest | HttpRefusal {
  const { operationName, variables, extensions } = body;
  const documentId = documentIdIn(body);
  const query = body['query'] ?? (documentId === null ? null : '');
  if (query === null) return malformed('The parameter "query" is missing.');
  if (typeof query !== 'string') {
    return malformed(`The parameter "query" must be a string, but is ${kindOf(query)}.`);
  }
  if (operationName != null && typeof operationName !== 'string') {
    return malformed(
      `The parameter "operationName" must be a string, but is ${kindOf(operationName)}.`,
    );
  }
  if (variables != null && !isRecord(variables)) {
    return malformed(`The parameter "variables" must be an object, but is ${kindOf(variables)}.`);
  }
  if (extensions != null && !isRecord(extensions)) {
    return malformed(`The parameter "extensions" must be an object, but is ${kindOf(extensions)}.`);
  }
  const tooDeep = nestingProblem(body);
  if (tooDeep) return tooDeep;
  return {
    query,
    documentId,
    operationName: operationName ?? null,
    variables: variables ?? null,
    extensions: extensions ?? null,
  };
}

const idParameters = ['documentId', 'id', 'doc_id'] as const;

/**
 * The id by which a request names a registered operation: `documentId`, the `id` or `doc_id` that
 * Relay's examples send, or the hash in Apollo's envelope. Null when it names none.
 */
export function documentIdIn(body: Readonly<Record<string, unknown>>): string | null {
  for (const name of idParameters) {
    const id = body[name];
    if (typeof id === 'string' && id !== '') return id;
  }
  const { extensions } = body;
  const envelope = isRecord(extensions) ? extensions['persistedQuery'] : undefined;
  const hash = isRecord(envelope) ? envelope['sha256Hash'] : envelope;
  return typeof hash === 'string' && hash !== '' ? hash : null;
}

/** What is nested deeper than anybody's data is, so that what walks it later may recurse; null when nothing is. */
export function nestingProblem({
  variables,
  extensions,
}: Pick<OperationRequest, 'variables' | 'extensions'>): HttpRefusal | null {
  const name = isTooDeep(variables) ? 'variables' : isTooDeep(extensions) ? 'extensions' : null;
  return name && malformed(`The parameter "${name}" is nested deeper than ${deepestNesting}.`);
}

const deepestNesting = 100;

/** Whether a value is nested deeper than may be; without recursion. */
function isTooDeep(root: unknown): boolean {
  if (root === null || root === undefined) return false;
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > deepestNesting) return true;
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    );
  }
  return false;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function malformed(message: string): HttpRefusal {
  return { status: 400, message };
}

/** Without the limit: in production no client is told where it lies. */
const tooLarge: HttpRefusal = {
  status: 413,
  message: 'The request body is too large.',
  headers: { connection: 'close' },
};

const inCrumbs: HttpRefusal = {
  status: 400,
  message: 'The request body comes in too many chunks of a few bytes.',
  headers: { connection: 'close' },
};
