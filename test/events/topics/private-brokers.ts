import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A broker of the test's own, to be killed and started again on the same port. */
export interface PrivateBroker {
  readonly url: string;
  start(): Promise<void>;
  /** `SIGKILL`, as a machine that dies. */
  kill(): Promise<void>;
  /** Kills it, and removes its files. */
  remove(): Promise<void>;
}

export interface PrivateRabbitmq extends PrivateBroker {
  /** What `rabbitmqctl` says to a command. */
  control(...command: readonly string[]): Promise<string>;
}

export interface PrivateOptions {
  /** Whether it keeps what it has when it is killed. @default true */
  readonly durable?: boolean;
  /** Who may connect; the URL has it. @default everybody */
  readonly password?: string;
  /** Whether it runs already; until `start`, nothing answers at its address. @default true */
  readonly started?: boolean;
}

/** Whether the programs are there. Under `CI=true` one that is missing is a failure. */
export function installed(...programs: readonly string[]): boolean {
  const missing = programs.filter(
    (program) => spawnSync('which', [program], { stdio: 'ignore' }).status !== 0,
  );
  if (missing.length === 0) return true;
  if (process.env['CI'] === 'true') throw new Error(`not installed: ${missing.join(', ')}`);
  console.warn(`not installed: ${missing.join(', ')}; what needs it is not tested`);
  return false;
}

export function privateRedis({ durable = true, password, started }: PrivateOptions = {}) {
  return privateBroker(started, (port, folder) => ({
    url: `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`,
    command: [
      ...`redis-server --port ${port} --bind 127.0.0.1 --dir ${folder}`.split(' '),
      '--save',
      '',
      ...(durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : []),
      ...(password === undefined ? [] : ['--requirepass', password]),
    ],
  }));
}

export function privateNats({ durable = true, password, started }: PrivateOptions = {}) {
  return privateBroker(started, (port, folder, starts) => ({
    url: `nats://${password === undefined ? '' : `app:${password}@`}127.0.0.1:${port}`,
    command: [
      ...`nats-server -a 127.0.0.1 -p ${port} -js -sd`.split(' '),
      durable ? folder : join(folder, String(starts)),
      ...(password === undefined ? [] : ['--user', 'app', '--pass', password]),
    ],
  }));
}

/** RabbitMQ as a user of its own, with its node, ports and files apart. */
export async function privateRabbitmq({
  durable = true,
  password = 'guest',
  plugins = [],
  started,
}: PrivateOptions & { readonly plugins?: readonly string[] } = {}): Promise<PrivateRabbitmq> {
  const distPort = await freePort();
  let cookieIn = '';
  const broker = await privateBroker(started, (port, folder, starts) => {
    cookieIn = folder;
    const home = join(folder, durable ? 'node' : String(starts));
    const config = join(folder, 'rabbitmq.conf');
    writeFileSync(
      config,
      `default_user = guest\ndefault_pass = ${password}\nlisteners.tcp.1 = 127.0.0.1:${port}\n` +
        'loopback_users.guest = true\nlog.file = false\nvm_memory_high_watermark.absolute = 256MB\n',
    );
    writeFileSync(join(folder, 'plugins'), `[${plugins.join(',')}].`);
    return {
      url: `amqp://guest:${password}@127.0.0.1:${port}`,
      command: ['/usr/lib/rabbitmq/bin/rabbitmq-server'],
      env: {
        HOME: folder,
        RABBITMQ_NODENAME: `test-${port}@localhost`,
        RABBITMQ_DIST_PORT: String(distPort),
        RABBITMQ_NODE_PORT: String(port),
        RABBITMQ_CONFIG_FILE: config,
        RABBITMQ_CONF_ENV_FILE: join(folder, 'none.conf'),
        RABBITMQ_MNESIA_BASE: home,
        RABBITMQ_LOG_BASE: join(folder, 'log'),
        RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 1:1',
      },
    };
  });
  return {
    ...broker,
    async control(...command) {
      const node = `test-${new URL(broker.url).port}@localhost`;
      const { stdout } = await promisify(execFile)(
        '/usr/lib/rabbitmq/bin/rabbitmqctl',
        ['-q', '-n', node, ...command],
        { env: { ...process.env, HOME: cookieIn } },
      );
      return stdout;
    },
  };
}

/** The mock cluster of librdkafka: speaks Kafka's protocol, and chooses its own port. */
export async function mockKafka(): Promise<PrivateBroker> {
  const kcat = spawn('kcat', '-P -b mock -X test.mock.num.brokers=1 -d mock -t none'.split(' '), {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const kill = async () => {
    if (kcat.exitCode !== null || kcat.signalCode !== null) return;
    const gone = new Promise((resolve) => kcat.once('exit', resolve));
    kcat.kill('SIGKILL');
    await gone;
  };
  let said = '';
  const address = await new Promise<string>((resolve, reject) => {
    kcat.once('exit', () => reject(new Error(`kcat ended: ${said}`)));
    kcat.stderr.on('data', (chunk: Buffer) => {
      if (said.length > 10_000) return;
      said += String(chunk);
      const match = /bootstrap\.servers=(127\.0\.0\.1:\d+)/.exec(said);
      if (match?.[1]) resolve(match[1]);
    });
  });
  return {
    url: address,
    start: () => Promise.reject(new Error('the mock cannot come back at the same port')),
    kill,
    remove: kill,
  };
}

async function privateBroker(
  started = true,
  of: (
    port: number,
    folder: string,
    starts: number,
  ) => {
    readonly url: string;
    readonly command: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<PrivateBroker> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'broker-'));
  let starts = 0;
  let server: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const { command, env } = of(port, folder, ++starts);
    const [program = '', ...rest] = command;
    const starting = spawn(program, rest, {
      stdio: 'ignore',
      cwd: folder,
      detached: true,
      env: { ...process.env, ...env },
    });
    server = starting;
    const until = performance.now() + 30_000;
    while (!(await connects(port))) {
      if (starting.exitCode !== null) throw new Error(`${program} does not start`);
      if (performance.now() > until) throw new Error(`${program} does not answer`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const kill = async (): Promise<void> => {
    const dying = server;
    if (dying === undefined || dying.exitCode !== null || dying.signalCode !== null) return;
    const gone = new Promise((resolve) => dying.once('exit', resolve));
    // With all that it started.
    process.kill(-dying.pid!, 'SIGKILL');
    await gone;
    // Its children take a moment more.
    while (await connects(port)) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  const remove = async () => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  };
  if (started) await start();
  return { url: of(port, folder, 1).url, start, kill, remove };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export function connects(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
