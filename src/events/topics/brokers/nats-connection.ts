import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { type BrokerState, inTime } from '../../broker-state.ts';

export interface NatsLinkOptions {
  readonly url: string;
  /** How it is called in the server's lists. */
  readonly name: string;
  readonly state: BrokerState;
  /** Runs whenever there is a connection; what the server held for the last one is gone. */
  readonly back: () => void;
}

export interface Connected {
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
}

/** Longest wait for an answer, in milliseconds. */
export const answerMs = 2_000;
/** How long a server that did not let us in is left alone, in milliseconds. */
const pauseMs = 500;

/** A connection to a NATS server with JetStream that comes back by itself. */
export class NatsLink {
  readonly #options: NatsLinkOptions;
  #connected: Promise<Connected> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isDown = false;
  #closed = false;

  constructor(options: NatsLinkOptions) {
    this.#options = options;
    this.#connect().catch(() => {}); // the log has been told
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  /** The connection; what is asked while there is none fails at once. */
  async ready(): Promise<Connected> {
    const connected = await inTime(answerMs, this.#connect());
    if (this.#isDown) throw new Error('there is no connection');
    return connected;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    const connected = await this.#connected?.catch(() => undefined);
    await connected?.connection.close().catch(() => {});
  }

  #connect(): Promise<Connected> {
    this.#connected ??= this.#open().catch((error: unknown) => {
      this.#options.state.away(error);
      this.#connected = undefined;
      clearTimeout(this.#retry);
      if (!this.#closed) {
        this.#retry = setTimeout(() => this.#connect().catch(() => {}), pauseMs).unref();
      }
      throw error;
    });
    return this.#connected;
  }

  async #open(): Promise<Connected> {
    const [{ connect }, { jetstream, jetstreamManager }] = await Promise.all([
      import('@nats-io/transport-node'),
      import('@nats-io/jetstream'),
    ]);
    const { username, password, protocol, host } = new URL(this.#options.url);
    const connection = await connect({
      servers: host,
      ...(username !== '' && { user: decodeURIComponent(username) }),
      ...(password !== '' && { pass: decodeURIComponent(password) }),
      ...(protocol === 'tls:' && { tls: {} }),
      name: this.#options.name,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 200,
      reconnectJitter: 100,
      timeout: answerMs,
      pingInterval: 5_000,
      maxPingOut: 2,
    });
    try {
      if (this.#closed) throw new Error('it is closed');
      const manager = await jetstreamManager(connection, { timeout: answerMs });
      const connected = {
        connection,
        jetstream: jetstream(connection, { timeout: answerMs }),
        manager,
      };
      this.#watch(connection);
      this.#isDown = false;
      this.#options.back();
      return connected;
    } catch (error) {
      await connection.close(); // one without JetStream is of no use, and another is made
      throw error;
    }
  }

  #watch(connection: NatsConnection): void {
    const { state, back } = this.#options;
    const follow = async () => {
      for await (const { type } of connection.status()) {
        if (type === 'disconnect') {
          this.#isDown = true;
          state.away('the connection was lost');
        } else if (type === 'reconnect') {
          this.#isDown = false;
          back();
        }
      }
    };
    void follow();
    void connection.closed().then((reason) => {
      if (this.#closed) return;
      this.#isDown = true;
      state.away(reason ?? 'the connection was closed');
      this.#connected = undefined;
      this.#connect().catch(() => {}); // again and again
    });
  }
}
