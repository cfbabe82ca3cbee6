import { expect, it, onTestFinished } from 'vitest';
import { installed, privateNats, privateRedis } from '../topics/private-brokers.ts';
import { follow, startJobServer } from './job-server.ts';

/** Two bffs that share a queue and a Redis, and no file. */
async function twoMachines(run: (what: string, key: string) => unknown) {
  const [nats, redis] = await Promise.all([privateNats(), privateRedis()]);
  onTestFinished(async () => void (await Promise.all([nats.remove(), redis.remove()])));
  const start = () =>
    startJobServer({
      backoffMs: [],
      run: ({ what }, { idempotencyKey }) => run(what, idempotencyKey),
      server: { settings: { NATS_URL: nats.url, REDIS_URL: redis.url } },
    });
  return [await start(), await start()] as const;
}

const work = (what: string, key: string) =>
  `mutation { work(input: { what: "${what}", key: "${key}" }) { id } }`;

it.runIf(installed('nats-server', 'redis-server'))(
  'two machines see one idempotency key once, and either tells how its job stands',
  async () => {
    const ran: string[] = [];
    const machines = await twoMachines((what, key) => {
      ran.push(key);
      if (what === 'poison') throw new Error('cannot swallow it');
      return `did ${what}`;
    });
    const [one, two] = machines;
    const keys = Array.from({ length: 20 }, (_, n) => `key-${n}`);
    const ids = await Promise.all(
      keys.map(async (key) => {
        const answers = await Promise.all(machines.map(({ ask }) => ask(work('a', key))));
        const taken = answers.flatMap(({ data, errors }) => {
          // Who came while the other was taking it on is told so.
          if (!data) expect(errors?.[0]?.extensions['code']).toBe('CONFLICT');
          return data ? [String(data['work']?.['id'])] : [];
        });
        expect(new Set(taken).size).toBe(1);
        return taken[0] ?? '';
      }),
    );
    expect(new Set(ids).size).toBe(keys.length);
    for (const { url } of machines) {
      expect((await follow(url, ids[0] ?? '')).at(-1)).toMatchObject({
        status: 'SUCCEEDED',
        result: 'did a',
      });
    }
    await expect.poll(() => ran.toSorted(), { timeout: 5_000 }).toEqual(keys.toSorted());
    const other = await two.ask(work('b', 'key-0'));
    expect(other.errors?.[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });

    const dead = String((await one.ask(work('poison', 'p'))).data?.['work']?.['id']);
    expect((await follow(two.url, dead)).at(-1)).toMatchObject({ status: 'FAILED' });
    for (const { adminUrl } of machines) {
      expect(await (await fetch(`${adminUrl}/jobs/dead`)).json()).toMatchObject({
        deadLetters: [{ id: dead, cause: 'cannot swallow it' }],
      });
    }
  },
);
