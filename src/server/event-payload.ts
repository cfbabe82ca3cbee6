import { type ExecutionResult, GraphQLError } from 'graphql';

/** What clients are told of one event, as text: made once for all who are told the same. */
export class EventPayload {
  /** JSON. */
  readonly text: string;
  /** What a client says to go on after it; null when it cannot. */
  readonly cursor: string | null;
  readonly #bytes = new Map<PayloadForm, string>();

  /** @param answer with its data, text as the engine wrote it: `{"data":…}` */
  constructor(answer: string | ExecutionResult, cursor: string | null) {
    this.cursor = cursor;
    if (typeof answer !== 'string') this.text = JSON.stringify(withCursor(answer, cursor));
    else if (cursor === null) this.text = answer;
    else {
      const events = JSON.stringify({ cursor });
      this.text = `${answer.slice(0, -1)},"extensions":{"events":${events}}}`;
    }
  }

  /**
   * Its UTF-8 as one transport writes it, a character for each byte: joining such strings and writing
   * them as `latin1` costs less than joining buffers.
   */
  bytes(form: PayloadForm): string {
    let bytes = this.#bytes.get(form);
    if (bytes === undefined) {
      bytes = Buffer.from(form(this)).toString('latin1');
      this.#bytes.set(form, bytes);
    }
    return bytes;
  }
}

/** How a transport puts what is the same for all its clients. */
export type PayloadForm = (payload: EventPayload) => string;

/** The event, with what its client has to say to go on after it. */
function withCursor(event: ExecutionResult, cursor: string | null): ExecutionResult {
  if (cursor === null) return event;
  const events = { ...(event.extensions?.['events'] as object | undefined), cursor };
  return { ...event, extensions: { ...event.extensions, events } };
}

/** That events may have been missed. */
export function gapTold(): ExecutionResult {
  return {
    data: null,
    errors: [
      new GraphQLError('Events may have been missed; ask again for what you show.', {
        extensions: { code: 'UPSTREAM_UNAVAILABLE', retryable: true },
      }),
    ],
    extensions: { events: { gap: true } },
  };
}
