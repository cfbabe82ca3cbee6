import { type DefinitionPlace, describePlace, placeOfCaller } from '../../definition-place.ts';
import type { RequestContext } from '../../request.ts';
import { refuseUnknown } from '../../refuse-unknown.ts';
import type { Topic } from '../define-topic.ts';
import type { HeaderReader, WebhookVerification } from './signatures/signature.ts';

/** A webhook whose signature is right, beside its payload. */
export interface ReceivedWebhook {
  /** Unique per source; the sender's own id where its signature covers one. */
  readonly id: string;
  /** A request header, by its name in lower case; only the signature's own are covered by it. */
  readonly header: HeaderReader;
}

export interface WebhookSourceOptions<Data> {
  /** Where it answers: `POST /webhooks/<name>`. */
  readonly name: string;
  /** How it is signed: `standardWebhooks`, `githubWebhooks`, `stripeWebhooks`, `slackWebhooks`, `hmacWebhooks`. */
  readonly verify: WebhookVerification;
  /** Where its events go. */
  readonly topic: Topic<Data>;
  /**
   * The event in a payload (a JSON object, or the fields of a form); null for one that is of no
   * interest, which is acknowledged all the same. What it throws refuses the webhook.
   */
  readonly read: (
    payload: Readonly<Record<string, unknown>>,
    webhook: ReceivedWebhook,
  ) => Data | null;
  /**
   * What is done before the topic is told, such as a call to a backend. May be done twice when a
   * process dies meanwhile. While it fails in a way that can pass, it is tried again; otherwise
   * the webhook is given up, and the log says so. @default nothing
   */
  apply?(event: Data, context: RequestContext): Promise<unknown>;
  /** Largest body. @default 256 KiB */
  readonly bodyLimitBytes?: number;
}

/** A sender of webhooks. Inert: a server that has it among its subschemas answers at its path. */
export interface WebhookSource<Data = unknown> extends WebhookSourceOptions<Data> {
  readonly bodyLimitBytes: number;
  readonly place: DefinitionPlace | null;
}

/**
 * Describes a sender of webhooks: how it signs, and onto which topic its events go.
 *
 * A webhook is acknowledged once its event is durable, and takes effect once however often it is
 * sent. Fails: Error for a name that makes no path.
 */
export function defineWebhookSource<Data>(
  options: WebhookSourceOptions<Data>,
): WebhookSource<Data> {
  const place = placeOfCaller(defineWebhookSource);
  refuseUnknown(`${describePlace(place)}: defineWebhookSource`, options, optionNames);
  const { name, bodyLimitBytes = 256 * 1_024 } = options;
  if (!/^[a-z\d][a-z\d-]{0,62}$/.test(name)) {
    throw new Error(
      `${describePlace(place)}: webhook source "${name}" answers at /webhooks/<name>; use up to 63 of a-z, 0-9 and -`,
    );
  }
  if (!Number.isSafeInteger(bodyLimitBytes) || bodyLimitBytes < 1) {
    throw new Error(
      `${describePlace(place)}: webhook source "${name}" has bodyLimitBytes ${bodyLimitBytes}; use a whole number of bytes above 0`,
    );
  }
  return { ...options, bodyLimitBytes, place };
}

const optionNames = [
  'name',
  'verify',
  'topic',
  'read',
  'apply',
  'bodyLimitBytes',
] as const satisfies (keyof WebhookSourceOptions<unknown>)[];
