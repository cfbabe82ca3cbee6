import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** One subscriber, which reads as little as counting its events takes. */
export interface Reader {
  leave(): void;
}

/** What readers have seen. */
export interface Seen {
  events: number;
  /** How late events were, in milliseconds; of those that were looked into. */
  readonly late: number[];
}

/** `looks`: whether it says how late its events are. */
export type OpenReader = (url: URL, query: string, seen: Seen, looks: boolean) => Promise<Reader>;

/** Over `graphql-transport-ws`. */
export const openSocket: OpenReader = async (url, query, seen, looks) => {
  const connection = await open(url);
  const { socket } = connection;
  const upgraded = await connection.answerTo(
    `GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${randomBytes(16).toString('base64')}\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n`,
  );
  expectStatus(upgraded, 101);
  await connection.answerTo(frameOf({ type: 'connection_init' }));
  const frames = new Frames((isText, frame) => {
    if (!isText) return void socket.write(pong); // a ping: who does not answer is taken for gone
    seen.events += 1;
    if (looks && frame) seen.late.push(Date.now() - sentAtIn(frame.toString('latin1')));
  }, looks);
  connection.receive = (chunk) => frames.read(chunk);
  // As clients do it, so that no two of them could be told the very same bytes.
  socket.write(frameOf({ id: randomUUID(), type: 'subscribe', payload: { query } }));
  return { leave: () => void socket.destroy() };
};

/** Over Server-Sent Events. */
export const openStream: OpenReader = async (url, query, seen, looks) => {
  const connection = await open(url);
  const { socket } = connection;
  const body = JSON.stringify({ query });
  const opened = await connection.answerTo(
    `POST ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\naccept: text/event-stream\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  expectStatus(opened, 200);
  let text = '';
  connection.receive = (chunk) => {
    text += chunk.toString('latin1');
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const isEvent = text.lastIndexOf('event: next', end) >= 0;
      if (isEvent) seen.events += 1;
      if (isEvent && looks) seen.late.push(Date.now() - sentAtIn(text));
      text = text.slice(end + 2);
    }
  };
  return { leave: () => void socket.destroy() };
};

/** All sockets of this process read into it: what is in there is looked at before the next one reads. */
const shared = Buffer.alloc(256 * 1024);

interface Connection {
  readonly socket: Socket;
  receive: (chunk: Buffer) => void;
  /** Sends something; resolves with the first bytes that come then. Fails when the connection does. */
  answerTo(request: string | Buffer): Promise<string>;
}

async function open(url: URL): Promise<Connection> {
  const socket = connect({
    host: url.hostname,
    port: Number(url.port),
    onread: {
      buffer: shared,
      callback(length) {
        connection.receive(shared.subarray(0, length));
        return true;
      },
    },
  });
  const connection: Connection = {
    socket,
    receive: () => {},
    answerTo: (request) =>
      new Promise((resolve, reject) => {
        socket.once('close', () => reject(new Error('the connection was closed')));
        connection.receive = (chunk) => resolve(chunk.toString('latin1'));
        socket.write(request);
      }),
  };
  socket.on('error', () => {});
  await once(socket, 'connect');
  return connection;
}

function expectStatus(answer: string, status: number): void {
  if (!answer.startsWith(`HTTP/1.1 ${status} `)) throw new Error(`refused: ${answer}`);
}

/** Walks over frames without looking into them, wherever chunks cut them. */
class Frames {
  readonly #each: (isText: boolean, frame: Buffer | null) => void;
  /** Whether whole frames are given. */
  readonly #looks: boolean;
  /** Bytes of the frame under way that are still to come. */
  #left = 0;
  #isText = false;
  #pieces: Buffer[] = [];

  constructor(each: (isText: boolean, frame: Buffer | null) => void, looks: boolean) {
    this.#each = each;
    this.#looks = looks;
  }

  read(chunk: Buffer): void {
    let at = 0;
    // A head that was cut is read with what follows it.
    const bytes = this.#left < 0 ? Buffer.concat([...this.#pieces.splice(0), chunk]) : chunk;
    if (this.#left < 0) this.#left = 0;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const end = Math.min(bytes.length, at + this.#left);
        if (this.#looks) this.#pieces.push(Buffer.from(bytes.subarray(at, end)));
        this.#left -= end - at;
        at = end;
        if (this.#left === 0) this.#whole();
        continue;
      }
      const size = headSize(bytes, at);
      if (size === null) {
        this.#pieces = [Buffer.from(bytes.subarray(at))];
        this.#left = -1;
        return;
      }
      this.#isText = ((bytes[at] as number) & 0x0f) === 1;
      this.#left = size.payload;
      at += size.head;
      if (this.#left === 0) this.#whole();
    }
  }

  #whole(): void {
    this.#each(this.#isText, this.#looks ? Buffer.concat(this.#pieces) : null);
    this.#pieces = [];
  }
}

/** Of a server's frame, which is not masked; null when not all of its head is there. */
function headSize(
  bytes: Buffer,
  at: number,
): { readonly head: number; readonly payload: number } | null {
  const there = bytes.length - at;
  if (there < 2) return null;
  const length = bytes[at + 1] as number;
  if (length < 126) return { head: 2, payload: length };
  if (length === 126) return there < 4 ? null : { head: 4, payload: bytes.readUInt16BE(at + 2) };
  return there < 10 ? null : { head: 10, payload: Number(bytes.readBigUInt64BE(at + 2)) };
}

function sentAtIn(text: string): number {
  return Number(/"sentAt":(\d+)/.exec(text)?.[1]);
}

const pong = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

/** Clients mask what they send; zeros are a mask too. */
function frameOf(message: object): Buffer {
  const text = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(8);
  head[0] = 0x81;
  head[1] = 0x80 | 126;
  head.writeUInt16BE(text.length, 2);
  return Buffer.concat([head, text]);
}
