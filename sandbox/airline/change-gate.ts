import { createHmac, randomUUID } from 'node:crypto';

const usage = `Usage: node sandbox/airline/change-gate.ts <flight> <gate>

Tells a BFF, as an airline does, that a flight leaves from another gate: a webhook, signed by
Standard Webhooks. Such as: node sandbox/airline/change-gate.ts 1 B12

WEBHOOK_URL is where it goes (http://127.0.0.1:4001/webhooks/airline),
AIRLINE_WEBHOOK_SECRETS what it is signed with, the first of them when there are two.`;

const [flight, gate, ...more] = process.argv.slice(2);
if (flight === '--help') {
  console.log(usage);
} else if (gate === undefined || more.length > 0) {
  console.error(usage);
  process.exitCode = 2;
} else {
  const url = process.env['WEBHOOK_URL'] || 'http://127.0.0.1:4001/webhooks/airline';
  try {
    const status = await tell(url, { type: 'gate.changed', data: { flight, gate } });
    console.log(status === 204 ? 'taken' : `refused with ${status}; the BFF’s log says why`);
    if (status !== 204) process.exitCode = 1;
  } catch {
    console.error(`nothing answers at ${url}; start the BFF, or set WEBHOOK_URL`);
    process.exitCode = 1;
  }
}

/** The status of the answer. */
async function tell(url: string, payload: object): Promise<number> {
  const [secret = ''] = (
    process.env['AIRLINE_WEBHOOK_SECRETS'] || 'whsec_ZGV2ZWxvcG1lbnQgb25seSwga25vd24gdG8gYWxs'
  ).split(',');
  const key = Buffer.from(secret.trim().replace(/^whsec_/, ''), 'base64');
  const id = `msg_${randomUUID()}`;
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const body = JSON.stringify(payload);
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    },
    body,
  });
  return response.status;
}
