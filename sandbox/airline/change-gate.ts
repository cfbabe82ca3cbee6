import { createHmac, randomUUID } from 'node:crypto';
import { originBeside } from '../start/ports.ts';

const usage = `Usage: npm run change-gate -- <flight> <gate>

Tells a BFF, as an airline does, that a flight leaves from another gate: a webhook, signed by
Standard Webhooks. Such as: npm run change-gate -- 17 B12

WEB_PORT is the port of the BFF, as for npm start (4001), or WEBHOOK_URL all of its address;
AIRLINE_WEBHOOK_SECRETS what it is signed with, the first of them when there are two.`;

const [flight, gate, ...more] = process.argv.slice(2);
if (flight === '--help') {
  console.log(usage);
} else if (gate === undefined || more.length > 0) {
  console.error(usage);
  process.exitCode = 2;
} else {
  try {
    await changeGate(webhookUrl());
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}

function webhookUrl(): string {
  const { WEBHOOK_URL: url } = process.env;
  return url || `${originBeside('WEB_PORT', 'WEBHOOK_URL', process.env)}/webhooks/airline`;
}

async function changeGate(url: string): Promise<void> {
  const status = await tell(url, { type: 'gate.changed', data: { flight, gate } }).catch(() => {
    throw new Error(`nothing answers at ${url}; start the BFF, or set WEB_PORT or WEBHOOK_URL`);
  });
  if (status === 204) console.log(`taken by ${url}`);
  else throw new Error(`refused by ${url} with ${status}; the BFF’s log says why`);
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
