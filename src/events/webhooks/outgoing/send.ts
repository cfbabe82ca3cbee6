import { createHmac } from 'node:crypto';
import { Agent, type Dispatcher } from 'undici';
import { standardKey } from '../signatures/standard-webhooks.ts';
import {
  type AddressRule,
  type FindAddresses,
  ForbiddenAddress,
  guardedConnector,
  urlProblem,
} from './address-guard.ts';
import type { Attempt, Due } from './deliveries.ts';
import { readRetryAfter } from './schedule.ts';

export interface SenderOptions {
  readonly rule: AddressRule;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long one try may take, in milliseconds. @default 15000 */
  readonly timeoutMs?: number;
  /** @default the system's */
  readonly find?: FindAddresses;
}

/** Sends webhooks, a try at a time. */
export interface Sender {
  /** Tries once. Redirects are not followed. Never rejects. */
  send(due: Due, secrets: readonly string[]): Promise<Attempt>;
  close(): Promise<void>;
}

/** How much of an answer is kept for the log, in bytes. */
const answerBytes = 500;
const connectTimeoutMs = 5_000;

/** Over HTTP/1.1, signed by Standard Webhooks, to public addresses only. */
export function createSender({ rule, now, timeoutMs = 15_000, find }: SenderOptions): Sender {
  const agent = new Agent({
    connect: guardedConnector(rule, connectTimeoutMs, find),
    connections: 4,
    allowH2: false,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });

  async function ask(due: Due, secrets: readonly string[]): Promise<Outcome> {
    const forbidden = urlProblem(due.url, rule);
    if (forbidden !== null)
      return { status: null, answer: null, problem: forbidden, retryAfterMs: null };
    const { statusCode, headers, body } = await agent.request({
      ...pathOf(due.url),
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'tailorbird-webhooks',
        ...signed(due, secrets, now()),
      },
      body: due.body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = await firstOf(body);
    const isTaken = statusCode >= 200 && statusCode < 300;
    const retryAfter = headers['retry-after'];
    return {
      status: statusCode,
      answer,
      problem: isTaken ? null : problemOf(statusCode),
      retryAfterMs: readRetryAfter(typeof retryAfter === 'string' ? retryAfter : null, now()),
    };
  }

  return {
    async send(due, secrets) {
      const at = now();
      const started = performance.now();
      const outcome = await ask(due, secrets).catch((error: unknown) => failed(error, timeoutMs));
      return { ...outcome, at, ms: Math.round(performance.now() - started) };
    },
    close: () => agent.destroy(),
  };
}

type Outcome = Omit<Attempt, 'at' | 'ms'>;

/** The headers of Standard Webhooks, with a signature for each secret. */
export function signed(
  { message, body }: Pick<Due, 'message' | 'body'>,
  secrets: readonly string[],
  now: number,
): Record<string, string> {
  const timestamp = String(Math.floor(now / 1_000));
  const signatures = secrets.map((secret) => {
    const hmac = createHmac('sha256', standardKey(secret));
    return `v1,${hmac.update(`${message}.${timestamp}.${body}`).digest('base64')}`;
  });
  return {
    'webhook-id': message,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
}

function pathOf(text: string): { readonly origin: string; readonly path: string } {
  const { origin, pathname, search } = new URL(text);
  return { origin, path: pathname + search };
}

/** The first of an answer as text; the rest is not read. */
async function firstOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= answerBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, answerBytes).toString();
}

function problemOf(status: number): string {
  if (status >= 300 && status < 400) return `it answered ${status}; redirects are not followed`;
  return `it answered ${status}`;
}

function failed(error: unknown, timeoutMs: number): Outcome {
  const isLate = error instanceof Error && error.name === 'TimeoutError';
  const problem = isLate
    ? `it did not answer within ${timeoutMs} ms`
    : error instanceof ForbiddenAddress
      ? error.message
      : `it can't be reached: ${error instanceof Error ? error.message || error.name : String(error)}`;
  return { status: null, answer: null, problem, retryAfterMs: null };
}
