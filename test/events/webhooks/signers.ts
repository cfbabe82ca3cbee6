import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

type Signed = Record<string, string>;

/** As the reference implementation of Standard Webhooks signs. */
export function standardSigned(secret: string, id: string, body: string, at = new Date()): Signed {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  };
}

export function githubSigned(secret: string, body: string): Signed {
  return { 'x-hub-signature-256': `sha256=${hex(secret, body)}` };
}

export function stripeSigned(secret: string, body: string, at = new Date()): Signed {
  const t = Math.floor(at.getTime() / 1_000);
  return { 'stripe-signature': `t=${t},v1=${hex(secret, `${t}.${body}`)},v0=${'0'.repeat(64)}` };
}

export function slackSigned(secret: string, body: string, at = new Date()): Signed {
  const t = Math.floor(at.getTime() / 1_000);
  return {
    'x-slack-request-timestamp': String(t),
    'x-slack-signature': `v0=${hex(secret, `v0:${t}:${body}`)}`,
  };
}

export function plainSigned(secret: string, body: string): Signed {
  return { 'x-signature': createHmac('sha256', secret).update(body).digest('base64') };
}

function hex(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}
