import { createHash } from 'node:crypto';
import type { AsyncMessage } from 'rabbitmq-client';
import type { Heard } from '../broker.ts';

/** A message that only tells where a stream ends; nobody hears it. */
export const marker = 'tailorbird-position';

/** A message of a stream: its number, and what tells it from one of another stream. */
export interface Place {
  readonly offset: number;
  readonly digest: string;
}

export function isMarker({ headers }: AsyncMessage): boolean {
  return headers?.[marker] !== undefined;
}

export function placeOf(message: AsyncMessage): Place {
  const digest = createHash('sha256').update(textOf(message)).digest('hex').slice(0, 8);
  return { offset: Number(message.headers?.['x-stream-offset']), digest };
}

export function heardOf(message: AsyncMessage, { offset, digest }: Place): Heard {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers ?? {})) {
    if (typeof value === 'string') headers[name.toLowerCase()] = value;
  }
  if (message.contentType !== undefined) headers['content-type'] = message.contentType;
  return { headers, body: textOf(message), cursor: `${offset}-${digest}` };
}

/** The client parses bodies that say they are JSON or plain text. */
function textOf({ body }: AsyncMessage): string {
  if (typeof body === 'string') return body;
  return Buffer.isBuffer(body) ? body.toString() : JSON.stringify(body);
}
