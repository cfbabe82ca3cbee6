import type { Setting } from '../../../backend/setting.ts';
import { textKey } from './secrets.ts';
import {
  readBase64,
  readHex,
  type SignatureScheme,
  type WebhookVerification,
} from './signature.ts';

export interface HmacOptions {
  /** The header with the signature, in lower case. */
  readonly header: string;
  /** What the header says before the signature, such as `sha256=`. @default nothing */
  readonly label?: string;
  /** How the signature is written. @default 'hex' */
  readonly encoding?: 'hex' | 'base64';
  /** @default 'sha256' */
  readonly algorithm?: 'sha256' | 'sha512';
}

/**
 * Signed with a plain HMAC over the body. It covers neither a time nor an id: a body that came
 * before is a repetition.
 */
export function hmacWebhooks(secrets: Setting, options: HmacOptions): WebhookVerification {
  const given = options as HmacOptions | undefined; // of code without types
  if (typeof given?.header !== 'string') {
    throw new Error(
      `hmacWebhooks takes its secrets and its options, such as hmacWebhooks(env('SHOP_SECRETS'), { header: 'x-signature' }), but got ${given === undefined ? 'no options' : 'options without a header'}`,
    );
  }
  const { header: name, label = '', encoding = 'hex', algorithm = 'sha256' } = given;
  expectOneOf('encoding', encoding, ['hex', 'base64']);
  expectOneOf('algorithm', algorithm, ['sha256', 'sha512']);
  if (name !== name.toLowerCase() || name === '') {
    throw new Error(
      `hmacWebhooks: header is "${name}", but header names are compared in lower case; write "${name.toLowerCase() || 'x-signature'}"`,
    );
  }
  const read = encoding === 'hex' ? readHex : readBase64;
  const scheme: SignatureScheme = {
    name: `HMAC (${name})`,
    algorithm,
    claim(header) {
      const text = header(name);
      if (text === null || !text.startsWith(label)) return null;
      const signature = read(text.slice(label.length));
      return signature && { prefix: '', signatures: [signature], signedAt: null, id: null };
    },
    key: textKey,
  };
  return { scheme, secrets };
}

function expectOneOf(option: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return;
  throw new Error(`hmacWebhooks: ${option} is "${value}"; give ${choices.join(' or ')}`);
}
