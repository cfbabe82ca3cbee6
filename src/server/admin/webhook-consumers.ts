import type { WebhookConsumer } from '../../events/webhooks/outgoing/consumers.ts';
import {
  type DeliveryStatus,
  deliveryStatuses,
  type LoggedDelivery,
} from '../../events/webhooks/outgoing/deliveries.ts';
import {
  type OutgoingWebhooks,
  RegistrationRefused,
} from '../../events/webhooks/outgoing/outgoing-webhooks.ts';
import {
  type AdminAnswer,
  AdminInputError,
  type AdminRequest,
  type AdminRoute,
} from './admin-door.ts';

/**
 * Who is told of events, under `/webhooks/consumers`:
 *
 * - `GET`, `POST { url, topics, description? }`: all of them; a new one, with its secret
 * - `GET /:id`, `DELETE /:id`
 * - `GET /:id/log?first&before`: its deliveries and their tries, newest first
 * - `POST /:id/replay { since?, until?, message?, status? }`: by default what failed or was skipped
 * - `POST /:id/secret`: a new secret; the former one signs for a day beside it
 * - `POST /:id/disable { note? }`, `POST /:id/enable`
 */
export function webhookConsumerRoute(outgoing: OutgoingWebhooks): AdminRoute {
  return async (request) => {
    const { method, input } = request;
    const [root, kind, id, action] = request.path;
    if (root !== 'webhooks' || kind !== 'consumers' || request.path.length > 4) return null;
    if (id === undefined) {
      if (method === 'GET') return ok({ consumers: outgoing.consumers().map(shown) });
      if (method === 'POST') return register(outgoing, input);
      return notAllowed('GET and POST');
    }
    if (!outgoing.consumer(id)) {
      return { status: 404, body: { error: `there is no consumer "${id}"` } };
    }
    if (action === undefined) {
      if (method === 'GET') return ok(current(outgoing, id));
      if (method !== 'DELETE') return notAllowed('GET and DELETE');
      await outgoing.remove(id);
      return { status: 204 };
    }
    if (action === 'log') {
      return method === 'GET' ? ok(logOf(outgoing, id, request)) : notAllowed('GET');
    }
    const act = actions[action];
    if (!act) return null;
    return method === 'POST' ? ok(await act(outgoing, id, input)) : notAllowed('POST');
  };
}

type Input = AdminRequest['input'];

const actions: Readonly<
  Record<string, (outgoing: OutgoingWebhooks, id: string, input: Input) => Promise<object>>
> = {
  async replay(outgoing, id, input) {
    const replayed = await outgoing.replay(id, {
      since: timeIn(input, 'since'),
      until: timeIn(input, 'until'),
      message: textIn(input, 'message'),
      statuses: statusesIn(input),
    });
    return { replayed };
  },
  async secret(outgoing, id) {
    return { secret: await outgoing.rotate(id) };
  },
  async disable(outgoing, id, input) {
    await outgoing.disable(id, textIn(input, 'note')?.slice(0, 500) ?? 'by hand');
    return current(outgoing, id);
  },
  async enable(outgoing, id) {
    await outgoing.enable(id);
    return current(outgoing, id);
  },
};

const consumerOptions: readonly string[] = ['url', 'topics', 'description'];

async function register(outgoing: OutgoingWebhooks, input: Input): Promise<AdminAnswer> {
  const { topics } = input;
  if (!Array.isArray(topics) || !topics.every((topic) => typeof topic === 'string')) {
    throw new AdminInputError('topics: expected a list of names');
  }
  const unknown = Object.keys(input).find((name) => !consumerOptions.includes(name));
  if (unknown !== undefined) {
    throw new AdminInputError(`${unknown}: a consumer has ${consumerOptions.join(', ')}`);
  }
  const url = textIn(input, 'url');
  if (url === undefined) throw new AdminInputError('url: expected where webhooks go');
  try {
    const { consumer, secret } = await outgoing.register({
      url,
      topics,
      description: textIn(input, 'description') ?? '',
    });
    return { status: 201, body: { ...shown(consumer), secret } };
  } catch (error) {
    throw error instanceof RegistrationRefused ? new AdminInputError(error.message) : error;
  }
}

function current(outgoing: OutgoingWebhooks, id: string): object {
  const consumer = outgoing.consumer(id);
  return consumer ? shown(consumer) : {};
}

function shown({ createdAt, disabledAt, lastSuccessAt, ...consumer }: WebhookConsumer): object {
  return {
    ...consumer,
    createdAt: shownTime(createdAt),
    disabledAt: shownTime(disabledAt),
    lastSuccessAt: shownTime(lastSuccessAt),
  };
}

function logOf(outgoing: OutgoingWebhooks, id: string, { query }: AdminRequest): object {
  const first = wholeIn(query, 'first', 50);
  const before = query.has('before') ? wholeIn(query, 'before', 0) : null;
  const deliveries = outgoing.log(id, Math.min(first, 200), before);
  return { deliveries: deliveries.map(shownDelivery), before: deliveries.at(-1)?.seq ?? null };
}

function shownDelivery({ createdAt, dueAt, attempts, ...delivery }: LoggedDelivery): object {
  return {
    ...delivery,
    createdAt: shownTime(createdAt),
    dueAt: shownTime(dueAt),
    attempts: attempts.map(({ at, ...attempt }) => ({ at: shownTime(at), ...attempt })),
  };
}

function shownTime(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}

function textIn(input: Input, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new AdminInputError(`${name}: expected a text`);
}

function timeIn(input: Input, name: string): number | undefined {
  const text = textIn(input, name);
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw new AdminInputError(`${name}: expected a time such as 2026-11-22T10:00:00Z`);
}

function statusesIn(input: Input): readonly DeliveryStatus[] {
  const status = textIn(input, 'status');
  if (status === undefined) return ['failed', 'skipped'];
  const known = deliveryStatuses.filter((one) => one === status || status === 'all');
  if (known.length > 0) return known;
  throw new AdminInputError(`status: expected all or one of ${deliveryStatuses.join(', ')}`);
}

function wholeIn(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name) ?? String(fallback);
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new AdminInputError(`${name}: expected a whole number`);
}

function ok(body: object): AdminAnswer {
  return { status: 200, body };
}

function notAllowed(methods: string): AdminAnswer {
  return { status: 405, body: { error: `this is asked with ${methods}` } };
}
