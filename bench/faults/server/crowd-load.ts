/**
 * Load for the row of saturation, in a process of its own: POSTs over raw keep-alive sockets, since
 * a client library that is late would be taken for a server that is. Obeys `CrowdOrder`s over IPC,
 * each with a `CrowdResult`.
 */
import { connect, type Socket } from 'node:net';

export interface CrowdOrder {
  readonly port: number;
  /** One operation for each request; `salt` makes each another one. */
  readonly documentId: string;
  readonly ms: number;
  /** At a fixed rate, whatever its answers do; or so many clients, each with one request under way. */
  readonly pace: { readonly perSecond: number } | { readonly clients: number };
}

/** What came of one request. */
export interface CrowdOutcome {
  /** Since the order came, in milliseconds. */
  readonly at: number;
  /** From its first byte to the last of its answer, in milliseconds. */
  readonly tookMs: number;
  /** `ok`, the code of its error, or what went wrong before there was an answer. */
  readonly result: string;
}

export interface CrowdResult {
  readonly outcomes: readonly CrowdOutcome[];
  /** How long after they were due requests were sent, in milliseconds: this process's own delay. */
  readonly lateMs: readonly number[];
}

let salt = 0;

process.on('message', async (order: CrowdOrder) => {
  process.send?.(await run(order));
});
process.on('disconnect', () => process.exit(0));

async function run(order: CrowdOrder): Promise<CrowdResult> {
  const { ms, pace } = order;
  const startedAt = performance.now();
  const outcomes: CrowdOutcome[] = [];
  const lateMs: number[] = [];
  const idle: Connection[] = [];
  const open = new Set<Connection>();
  const send = async (): Promise<CrowdOutcome> => {
    const connection = idle.pop() ?? new Connection(order.port);
    open.add(connection);
    const sentAt = performance.now();
    const result = await connection.ask(requestOf(order));
    if (connection.isUsable) idle.push(connection);
    else open.delete(connection);
    const outcome = { at: sentAt - startedAt, tookMs: performance.now() - sentAt, result };
    outcomes.push(outcome);
    return outcome;
  };
  if ('clients' in pace) {
    const client = async (): Promise<void> => {
      while (performance.now() - startedAt < ms) {
        // One that asks again at once would only measure refusals.
        if ((await send()).result !== 'ok') await pause(50);
      }
    };
    await Promise.all(Array.from({ length: pace.clients }, client));
  } else {
    const pending: Promise<unknown>[] = [];
    for (let sent = 0; sent < (ms / 1_000) * pace.perSecond; ) {
      const now = performance.now() - startedAt;
      for (let due; (due = (sent * 1_000) / pace.perSecond) <= now && due < ms; sent += 1) {
        lateMs.push(performance.now() - startedAt - due);
        pending.push(send());
      }
      await pause(1);
    }
    await Promise.all(pending);
  }
  for (const connection of open) connection.close();
  return { outcomes, lateMs };
}

function requestOf({ port, documentId }: CrowdOrder): string {
  const body = JSON.stringify({ documentId, variables: { salt: String(salt++) } });
  return `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\naccept: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** A keep-alive connection that carries one request at a time. */
class Connection {
  readonly #socket: Socket;
  #head = '';
  #isInBody = false;
  #bodyLeft = 0;
  #status = 0;
  /** Of a long answer only the beginning. */
  #body = '';
  #answered: ((result: string) => void) | undefined;
  isUsable = true;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk) => this.#take(chunk));
    this.#socket.on('error', (error) => this.#end(`no answer: ${error.message}`));
    this.#socket.on('close', () => this.#end('no answer: closed'));
  }

  ask(request: string): Promise<string> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    let from = 0;
    if (!this.#isInBody) {
      this.#head += chunk.toString('latin1');
      const end = this.#head.indexOf('\r\n\r\n');
      if (end < 0) return;
      from = chunk.length - (this.#head.length - end - 4);
      const head = this.#head.slice(0, end);
      this.#status = Number(head.slice(9, 12));
      this.#bodyLeft = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]);
      if (/\r\nconnection: close/i.test(head)) this.isUsable = false;
      this.#isInBody = true;
      this.#body = '';
    }
    if (this.#body.length < longestRead) {
      this.#body += chunk.toString('latin1', from, from + longestRead);
    }
    this.#bodyLeft -= chunk.length - from;
    if (this.#bodyLeft > 0) return;
    this.#isInBody = false;
    this.#head = '';
    this.#settle(resultOf(this.#status, this.#body));
  }

  #end(why: string): void {
    this.isUsable = false;
    this.#settle(why);
  }

  #settle(result: string): void {
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.(result);
  }
}

/** An answer with all its data is far longer than this, in bytes; one with an error is not. */
const longestRead = 1_024;

function resultOf(status: number, body: string): string {
  if (status === 200 && body.length >= longestRead) return 'ok';
  return /"code":"(\w+)"/.exec(body)?.[1] ?? `status ${status}`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
