/** Requests over a queue, and their replies. Connects when it has to, and again by itself. */
export interface Requests {
  /**
   * The reply's text. What nobody took within `deadlineMs` is not delivered later.
   *
   * Fails: UnsentRequest when nothing was sent; any Error otherwise.
   */
  send(text: string, deadlineMs: number): Promise<string>;
  close(): Promise<void>;
}

/** Nothing of the request has reached anybody. */
export class UnsentRequest extends Error {
  override readonly name = 'UnsentRequest';
}

/** The queue or subject that an endpoint names. */
export function requestQueueOf(endpoint: URL): string {
  return decodeURIComponent(endpoint.pathname.slice(1));
}
