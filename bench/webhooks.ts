/** `node bench/webhooks.ts`: a storm of webhooks, most of them genuine. */
import { parseArgs } from 'node:util';
import { brokenIn, runStorm } from './webhooks/storm.ts';

const help = `node bench/webhooks.ts -- [options]

Sends webhooks at a steady pace over real sockets to a server in a process of its own: genuine ones
of three kinds of senders in a random order, and among them forged, old, repeated and 25 MB ones.
Every genuine one has to be heard once, and no other. REDIS_URL, NATS_URL, AMQP_URL choose a broker.

  --count <number>   webhooks in all (10000)
  --large <number>   webhooks of 25 MB, of each of three kinds (4)
  --rate <number>    webhooks a second (400)
  --help             print this
`;

const goalMs = 50;
const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    count: { type: 'string', default: '10000' },
    large: { type: 'string', default: '4' },
    rate: { type: 'string', default: '400' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(help);
} else {
  const result = await runStorm({
    count: Number(values.count),
    large: Number(values.large),
    rate: Number(values.rate),
  });
  const broken = brokenIn(result);
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const kinds = Object.entries(result.sent).map(([kind, count]) => `${count} ${kind}`);
  process.stdout.write(
    [
      `sent: ${kinds.join(', ')}`,
      `forgeries heard: ${result.forgeriesHeard}; lost: ${result.lost}; heard twice: ${result.heardTwice}`,
      `acknowledged: p50 ${ms(result.p50Ms)}, p99 ${ms(result.p99Ms)} (goal ${goalMs} ms), longest ${ms(result.maxMs)}`,
      `memory of the server: at most ${Math.round(result.rssMiB)} MiB`,
      ...broken.map((what) => `BROKEN: ${what}`),
      result.p99Ms <= goalMs ? 'the goal is met' : 'the goal is missed',
      '',
    ].join('\n'),
  );
  process.exitCode = broken.length === 0 && result.p99Ms <= goalMs ? 0 : 1;
}
