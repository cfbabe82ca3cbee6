import type { Setting } from '../../../backend/setting.ts';
import { textKey } from './secrets.ts';
import { readHex, type SignatureScheme, type WebhookVerification } from './signature.ts';

/**
 * Signed by GitHub: `X-Hub-Signature-256`. Its signature covers neither a time nor the delivery's
 * id: a body that came before is a repetition, whatever its headers say.
 */
export function githubWebhooks(secrets: Setting): WebhookVerification {
  return { scheme: githubScheme, secrets };
}

const githubScheme: SignatureScheme = {
  name: 'GitHub',
  algorithm: 'sha256',
  claim(header) {
    const [, hex = ''] = /^sha256=(.*)$/.exec(header('x-hub-signature-256') ?? '') ?? [];
    const signature = readHex(hex);
    return signature && { prefix: '', signatures: [signature], signedAt: null, id: null };
  },
  key: textKey,
};
