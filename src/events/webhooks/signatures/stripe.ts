import type { Setting } from '../../../backend/setting.ts';
import { textKey } from './secrets.ts';
import {
  readHex,
  readSeconds,
  type SignatureScheme,
  type WebhookVerification,
} from './signature.ts';

/** Signed by Stripe: `Stripe-Signature` with `t` and one `v1` for each active secret. Its id is the event's. */
export function stripeWebhooks(secrets: Setting): WebhookVerification {
  return { scheme: stripeScheme, secrets };
}

const stripeScheme: SignatureScheme = {
  name: 'Stripe',
  algorithm: 'sha256',
  claim(header) {
    const pairs = (header('stripe-signature') ?? '')
      .split(',', 20)
      .map((item) => item.split('=', 2));
    const times = pairs.filter(([name]) => name === 't').map(([, value = '']) => value);
    const signatures = pairs.flatMap(([name, value = '']) =>
      name === 'v1' ? (readHex(value) ?? []) : [],
    );
    const [time = ''] = times;
    const signedAt = readSeconds(time);
    if (times.length !== 1 || signedAt === null || signatures.length === 0) return null;
    return { prefix: `${time}.`, signatures, signedAt, id: null };
  },
  key: textKey,
  idIn: ({ id }) => (typeof id === 'string' && id !== '' ? id : null),
};
