import type { Setting } from '../../../backend/setting.ts';
import { textKey } from './secrets.ts';
import {
  readHex,
  readSeconds,
  type SignatureScheme,
  type WebhookVerification,
} from './signature.ts';

/**
 * Signed by Slack: `X-Slack-Signature` and `X-Slack-Request-Timestamp`. Its id is the payload's
 * `event_id`; the challenge with which Slack checks an address is answered.
 */
export function slackWebhooks(secrets: Setting): WebhookVerification {
  return { scheme: slackScheme, secrets };
}

const slackScheme: SignatureScheme = {
  name: 'Slack',
  algorithm: 'sha256',
  claim(header) {
    const time = header('x-slack-request-timestamp');
    const signedAt = readSeconds(time);
    const [, hex = ''] = /^v0=(.*)$/.exec(header('x-slack-signature') ?? '') ?? [];
    const signature = readHex(hex);
    if (signedAt === null || signature === null) return null;
    return { prefix: `v0:${time}:`, signatures: [signature], signedAt, id: null };
  },
  key: textKey,
  idIn: ({ event_id: id }) => (typeof id === 'string' && id !== '' ? id : null),
  challengeIn: ({ type, challenge }) =>
    type === 'url_verification' && typeof challenge === 'string' ? challenge.slice(0, 1_024) : null,
};
