import type { Setting } from '../../../backend/setting.ts';
import { Malformed } from '../../../backend/settings.ts';
import {
  readBase64,
  readSeconds,
  type SignatureScheme,
  type WebhookVerification,
} from './signature.ts';

/**
 * Signed by Standard Webhooks (<https://www.standardwebhooks.com>): `webhook-id`,
 * `webhook-timestamp` and `webhook-signature`, which may hold several signatures while the sender
 * rotates. Secrets: `whsec_` and 24 to 64 bytes in base64.
 */
export function standardWebhooks(secrets: Setting): WebhookVerification {
  return { scheme: standardScheme, secrets };
}

/** More signatures in one header are nobody's. */
const mostSignatures = 10;

const standardScheme: SignatureScheme = {
  name: 'Standard Webhooks',
  algorithm: 'sha256',
  claim(header) {
    const id = header('webhook-id');
    const timestamp = header('webhook-timestamp');
    const signedAt = readSeconds(timestamp);
    const signatures = (header('webhook-signature') ?? '')
      .split(' ', mostSignatures)
      .flatMap((text) => (text.startsWith('v1,') ? (readBase64(text.slice(3)) ?? []) : []));
    if (id === null || !/^[\x21-\x7e]{1,256}$/.test(id)) return null;
    if (signedAt === null || signatures.length === 0) return null;
    return { prefix: `${id}.${timestamp}.`, signatures, signedAt, id };
  },
  key: standardKey,
};

/** The key in a secret of Standard Webhooks. Fails: Malformed with the rule it breaks. */
export function standardKey(secret: string): Buffer {
  const text = secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret;
  const key = /^[A-Za-z\d+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : Buffer.alloc(0);
  if (key.length < 24 || key.length > 64) {
    throw new Malformed('expected whsec_ and 24 to 64 bytes in base64');
  }
  return key;
}
