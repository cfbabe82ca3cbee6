import { createHmac, randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

/** A webhook as it goes over the wire, and what has to come of it. */
export interface SentWebhook {
  readonly kind: 'genuine' | 'repeated' | 'forged' | 'old' | 'large' | 'large-forged' | 'too-large';
  readonly source: 'partner' | 'github' | 'stripe' | 'big';
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** Statuses that are right. */
  readonly expected: readonly number[];
  /** What its event would say; a number that no genuine webhook has where none may be heard. */
  readonly number: number;
}

/** What signs, and what a forger has. */
export interface Secrets {
  readonly right: string;
  readonly wrong: string;
}

const largeBytes = 25_000_000;

/** In every id: what an earlier run sent is remembered. */
const run = randomUUID();

/**
 * So many webhooks in a random order: of a hundred, 8 forged in five ways, 4 too old or too new, 8
 * that came before (as they were, or signed again), 80 genuine from three kinds of senders; among
 * them `large` of each kind of 25 MB. Small ones are signed when asked for, so that none grows old
 * while it waits.
 */
export function webhooksToSend(
  count: number,
  large: number,
  secrets: Secrets,
): readonly (() => SentWebhook)[] {
  const made: (() => SentWebhook)[] = [];
  const genuine: number[] = [];
  for (let number = 1; number <= count - 3 * large; number += 1) {
    const part = number % 25;
    if (part < 2) made.push(() => forged(number, secrets));
    else if (part === 2) made.push(() => old(number, secrets));
    else if (part < 5 && genuine.length > 0) {
      const again = genuine[Math.floor(Math.random() * genuine.length)] ?? 1;
      made.push(() => ({ ...genuineOf(again, secrets), kind: 'repeated' }));
    } else {
      genuine.push(number);
      made.push(() => genuineOf(number, secrets));
    }
  }
  shuffle(made);
  const largeOnes = Array.from({ length: large }, (_, index) => {
    const number = count + 1 + index;
    // Made before the storm: 25 MB take so long that answers would be read late meanwhile.
    return [
      largeOf('large', 'big', number, secrets),
      largeOf('large-forged', 'big', -number, { ...secrets, right: secrets.wrong }),
      largeOf('too-large', 'partner', -number, secrets),
    ];
  }).flat();
  // Spread evenly: how many of them are under way at once is the pace's choice, not chance's.
  for (const [index, one] of largeOnes.entries()) {
    made.splice(Math.floor(((index + 0.5) / largeOnes.length) * made.length), 0, () => one);
  }
  return made;
}

function genuineOf(number: number, { right }: Secrets): SentWebhook {
  const body = bodyOf(number);
  const common = { kind: 'genuine', body, number, expected: [204] } as const;
  switch (number % 10) {
    case 0:
      return {
        ...common,
        source: 'github',
        headers: { 'x-hub-signature-256': `sha256=${hex(right, body)}` },
      };
    case 1: {
      const t = Math.floor(Date.now() / 1_000);
      const signature = hex(right, Buffer.concat([Buffer.from(`${t}.`), body]));
      return {
        ...common,
        source: 'stripe',
        headers: { 'stripe-signature': `t=${t},v1=${signature}` },
      };
    }
    default:
      return { ...common, source: 'partner', headers: standard(right, number, body) };
  }
}

function forged(number: number, { right, wrong }: Secrets): SentWebhook {
  const body = bodyOf(-number);
  const common = {
    kind: 'forged',
    source: 'partner',
    body,
    number: -number,
    expected: [401],
  } as const;
  const headers = standard(right, number, body);
  switch (number % 5) {
    case 0:
      return { ...common, headers: standard(wrong, number, body) };
    case 1:
      return { ...common, headers: standard(right, number, bodyOf(number)) };
    case 2:
      return { ...common, headers: { ...headers, 'webhook-id': `msg_${number}-other` } };
    case 3:
      return {
        ...common,
        headers: { ...headers, 'webhook-timestamp': String(Math.floor(Date.now() / 1_000) + 1) },
      };
    default:
      return { ...common, headers: {} };
  }
}

function old(number: number, { right }: Secrets): SentWebhook {
  const body = bodyOf(-number);
  const at = new Date(Date.now() + (number % 2 === 0 ? -400_000 : 400_000));
  const headers = standard(right, number, body, at);
  return { kind: 'old', source: 'partner', body, headers, expected: [401], number: -number };
}

function largeOf(
  kind: 'large' | 'large-forged' | 'too-large',
  source: SentWebhook['source'],
  number: number,
  { right }: Secrets,
): SentWebhook {
  const body = Buffer.from(`{"number":${number},"pad":"${'x'.repeat(largeBytes)}"}`);
  const headers = {
    'webhook-id': `msg_${run}_${kind}_${number}`,
    'webhook-timestamp': String(Math.floor(Date.now() / 1_000)),
  };
  // The reference implementation takes seconds for as much.
  const key = Buffer.from(right.slice('whsec_'.length), 'base64');
  const hmac = createHmac('sha256', key);
  hmac.update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`).update(body);
  const signature = `v1,${hmac.digest('base64')}`;
  const expected = { large: [204], 'large-forged': [401], 'too-large': [413] }[kind];
  return {
    kind,
    source,
    body,
    headers: { ...headers, 'webhook-signature': signature },
    expected,
    number,
  };
}

function standard(
  secret: string,
  number: number,
  body: Buffer,
  at = new Date(),
): Record<string, string> {
  const id = `msg_${run}_${number}`;
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body.toString()),
  };
}

function hex(secret: string, text: Buffer): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}

function bodyOf(number: number): Buffer {
  return Buffer.from(
    JSON.stringify({ id: `evt_${run}_${number}`, number, gate: `B${number % 40}` }),
  );
}

function shuffle(list: unknown[]): void {
  for (let last = list.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [list[last], list[other]] = [list[other], list[last]];
  }
}
