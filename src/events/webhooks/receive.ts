import { isBackendError } from '../../error.ts';
import { isInCrumbs } from '../../in-crumbs.ts';
import type { EventsObserver } from '../observer.ts';
import { validated } from '../standard-schema.ts';
import { BodyPieces } from './body-pieces.ts';
import type { WebhookSource } from './define-webhook-source.ts';
import { canPass, type Intake, keptMs, keptWithoutTimeMs } from './intake.ts';
import { LongWork } from './long-work.ts';
import {
  isForm,
  longestAtOnceBytes,
  longestFormBytes,
  type Payload,
  payloadInPieces,
  payloadOf,
} from './payload.ts';
import {
  type HeaderReader,
  SignatureCheck,
  type SignatureClaim,
  signatureWindowMs,
} from './signatures/signature.ts';

/** A source that has secrets here. */
export interface ActiveSource {
  readonly source: WebhookSource;
  readonly keys: readonly Buffer[];
}

export interface ReceiverOptions {
  readonly sources: readonly ActiveSource[];
  readonly intake: Intake;
  readonly observer: Pick<EventsObserver, 'webhook'>;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /** Bodies of all webhooks that are arriving now, together. @default 64 MiB */
  readonly arrivingLimitBytes?: number;
}

/** How a webhook is answered, and what only the log is told. */
export interface Verdict {
  readonly status: 200 | 204 | 400 | 401 | 404 | 413 | 422 | 503;
  /** What a sender asked to hear. @default nothing */
  readonly body?: string;
  /** Why it was refused; null when it was taken. */
  readonly why: string | null;
}

/** A webhook whose body is arriving. Every one ends with `end` or `leave`. */
export interface Arriving {
  /** Takes a part of the body; a verdict when no more of it is wanted. */
  take(chunk: Buffer): Verdict | null;
  /** The body is complete. Never rejects. */
  end(): Promise<Verdict>;
  /** The sender left before. */
  leave(): void;
}

export interface Receiver {
  /** Whether a source has this name and secrets here. */
  has(source: string): boolean;
  /**
   * Begins a webhook by its headers. Those that no body can make right are refused here, before it
   * is read.
   *
   * @param length of the body in bytes, where the sender announced it
   */
  begin(source: string, header: HeaderReader, length: number | null): Arriving | Verdict;
}

/** Checks webhooks and hands the genuine ones to the intake. */
export function createReceiver(options: ReceiverOptions): Receiver {
  const { intake, observer, now = Date.now, arrivingLimitBytes = 64 * 1024 * 1024 } = options;
  const sources = new Map(options.sources.map((active) => [active.source.name, active]));
  const longWork = new LongWork();
  let arrivingBytes = 0;

  function begin(name: string, header: HeaderReader, length: number | null): Arriving | Verdict {
    const active = sources.get(name);
    if (!active) return { status: 404, why: 'no source has this name' };
    const { source, keys } = active;
    const { scheme } = source.verify;
    const refuse = (status: Verdict['status'], why: string): Verdict => {
      observer.webhook(name, 'refused');
      return { status, why };
    };
    const limitBytes = isForm(header('content-type'))
      ? Math.min(source.bodyLimitBytes, longestFormBytes)
      : source.bodyLimitBytes;
    const tooLarge = `its body is longer than ${limitBytes} bytes`;
    if (length !== null && length > limitBytes) return refuse(413, tooLarge);
    const claim = scheme.claim(header);
    if (claim === null) return refuse(401, 'a header of its signature is missing or malformed');
    const problem = timeProblem(claim, now());
    if (problem !== null) return refuse(401, problem);

    const check = new SignatureCheck(scheme, keys, claim);
    const body = new BodyPieces();
    let size = 0;
    let chunks = 0;
    const forget = () => {
      arrivingBytes -= size;
      size = 0;
      body.clear();
    };

    return {
      take(chunk) {
        if (size + chunk.length > limitBytes) {
          forget();
          return refuse(413, tooLarge);
        }
        if (arrivingBytes + chunk.length > arrivingLimitBytes) {
          forget();
          return refuse(503, `webhooks of more than ${arrivingLimitBytes} bytes are arriving`);
        }
        chunks += 1;
        if (isInCrumbs(chunks, size)) {
          forget();
          return refuse(400, `it comes in ${chunks} chunks of a few bytes each`);
        }
        size += chunk.length;
        arrivingBytes += chunk.length;
        body.add(chunk);
        check.update(chunk);
        return null;
      },
      leave: forget,
      async end() {
        try {
          if (!check.matches()) return refuse(401, 'its signature is wrong');
          const payload =
            size > longestAtOnceBytes && !isForm(header('content-type'))
              ? await longWork.run(payloadInPieces(body.take()))
              : payloadOf(wholeOf(body.take()), header('content-type'));
          forget();
          if (payload === null) return refuse(400, 'its body is no JSON object and no form');
          const challenge = scheme.challengeIn?.(payload) ?? null;
          if (challenge !== null) return { status: 200, body: challenge, why: null };
          const id = claim.id ?? scheme.idIn?.(payload) ?? check.bodyDigest();
          return await takeOn(source, payload, {
            id,
            header,
            keptMs: claim.signedAt === null ? keptWithoutTimeMs : keptMs,
          });
        } finally {
          forget();
        }
      },
    };
  }

  async function takeOn(
    source: WebhookSource,
    payload: Payload,
    webhook: { readonly id: string; readonly header: HeaderReader; readonly keptMs: number },
  ): Promise<Verdict> {
    const { name, topic } = source;
    let event: string;
    try {
      const read = source.read(payload, webhook);
      if (read === null) return { status: 204, why: null };
      event = JSON.stringify(read);
      await validated(`the event of webhook source "${name}"`, topic.schema, JSON.parse(event));
    } catch (error) {
      observer.webhook(name, 'refused');
      return { status: 422, why: `webhook ${webhook.id}: ${textOf(error)}` };
    }
    try {
      const taken = await intake.accept({
        source: name,
        id: webhook.id,
        event,
        keptMs: webhook.keptMs,
      });
      if (taken === 'in-flight') {
        return { status: 503, why: `webhook ${webhook.id} is being taken by another instance` };
      }
      observer.webhook(name, taken);
      return { status: 204, why: null };
    } catch (error) {
      observer.webhook(name, 'refused');
      const place = isBackendError(error) ? `${error.backend}: ` : '';
      const status = canPass(error) ? 503 : 422;
      return { status, why: `webhook ${webhook.id} can't be taken: ${place}${textOf(error)}` };
    }
  }

  return { begin, has: (name) => sources.has(name) };
}

/** Whether a begun webhook was refused. */
export function isVerdict(begun: Arriving | Verdict): begun is Verdict {
  return 'status' in begun;
}

function wholeOf(pieces: readonly Buffer[]): Buffer {
  const [only] = pieces;
  return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces);
}

function timeProblem({ signedAt }: SignatureClaim, now: number): string | null {
  if (signedAt === null || Math.abs(now - signedAt) <= signatureWindowMs) return null;
  const seconds = Math.round(Math.abs(now - signedAt) / 1_000);
  return `it was signed ${seconds} s ${signedAt < now ? 'ago' : 'ahead of our clock'}, more than ${signatureWindowMs / 1_000} s`;
}

/** A line of a log, however much of what came is in it. */
function textOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, ' ').slice(0, 300);
}
