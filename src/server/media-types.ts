/** How one client may be answered, by its `Accept` header; null where it takes none of the kind. */
export interface AcceptedMedia {
  /** For an answer in one piece. */
  readonly whole: WholeMediaType | null;
  /** For an answer in parts (`@defer`, `@stream`). */
  readonly parts: StreamMediaType | null;
  /** For the events of a subscription. */
  readonly events: 'text/event-stream' | null;
}

export type StreamMediaType = 'multipart/mixed' | 'text/event-stream';
export type WholeMediaType =
  | 'application/graphql-response+json'
  | 'application/json'
  | StreamMediaType;

/**
 * Reads an `Accept` header. Without one, or where only a wildcard matches, the answer is
 * `application/json`, as GraphQL over HTTP asks until clients have moved on. Parts are sent only to
 * clients that name a media type that carries them.
 */
export function acceptedMedia(accept: string | null): AcceptedMedia {
  const ranges = parseAccept(accept ?? '*/*');
  const graphql = quality(ranges, 'application/graphql-response+json');
  const json = quality(ranges, 'application/json');
  const multipart = quality(ranges, 'multipart/mixed');
  const sse = quality(ranges, 'text/event-stream');

  const parts = multipart.named
    ? 'multipart/mixed'
    : sse.named
      ? ('text/event-stream' as const)
      : null;
  const whole =
    json.q > 0 || graphql.q > 0
      ? graphql.named && graphql.q >= json.q
        ? 'application/graphql-response+json'
        : json.q > 0
          ? 'application/json'
          : 'application/graphql-response+json'
      : parts;
  return { whole, parts, events: sse.q > 0 ? 'text/event-stream' : null };
}

/** Whether a body of this content type can be read: JSON in UTF-8. */
export function isJsonContent(contentType: string | null): boolean {
  if (contentType === null) return false;
  const [type, ...parameters] = contentType.toLowerCase().split(';');
  if (type?.trim() !== 'application/json') return false;
  const charset = parameters.map((p) => p.trim()).find((p) => p.startsWith('charset='));
  return charset === undefined || /^charset="?utf-?8"?$/.test(charset);
}

interface Range {
  readonly type: string;
  readonly q: number;
}

interface Quality {
  readonly q: number;
  /** Whether the type itself was listed, rather than a wildcard. */
  readonly named: boolean;
}

function parseAccept(accept: string): readonly Range[] {
  const ranges: Range[] = [];
  for (const item of accept.toLowerCase().split(',')) {
    const [type, ...parameters] = item.split(';').map((part) => part.trim());
    if (!type) continue;
    const charset = parameters.find((parameter) => parameter.startsWith('charset='));
    if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset)) continue;
    const q = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    ranges.push({ type, q: Number.isFinite(q) ? q : 0 });
  }
  return ranges;
}

function quality(ranges: readonly Range[], type: string): Quality {
  const named = ranges.find((range) => range.type === type);
  if (named) return { q: named.q, named: named.q > 0 };
  const family = `${type.slice(0, type.indexOf('/'))}/*`;
  const wildcard =
    ranges.find((range) => range.type === family) ?? ranges.find((range) => range.type === '*/*');
  return { q: wildcard?.q ?? 0, named: false };
}
