import { randomUUID } from 'node:crypto';

/** An event in the envelope of CloudEvents 1.0, with data in JSON. */
export interface CloudEvent<Data = unknown> {
  readonly specversion: '1.0';
  /** With `source`, tells this event from any other, also when it comes twice. */
  readonly id: string;
  /** Who says so, a URI reference: `/bff/web`. */
  readonly source: string;
  /** What happened: the topic's name. */
  readonly type: string;
  /** What it happened to: the topic's key. */
  readonly subject?: string;
  /** When it happened, RFC 3339. */
  readonly time?: string;
  readonly datacontenttype: 'application/json';
  readonly data: Data;
  /** The W3C trace that it belongs to. */
  readonly traceparent?: string;
}

export interface CloudEventOptions<Data> {
  readonly type: string;
  readonly source: string;
  readonly data: Data;
  /** @default a random one */
  readonly id?: string | undefined;
  readonly subject?: string | undefined;
  /** @default now */
  readonly time?: string | undefined;
  readonly traceparent?: string | undefined;
}

/** Makes an event, with an id and a time of its own. */
export function cloudEvent<Data>(options: CloudEventOptions<Data>): CloudEvent<Data> {
  const { type, source, data, id = randomUUID(), subject, traceparent } = options;
  return {
    specversion: '1.0',
    id,
    source,
    type,
    ...(subject !== undefined && { subject }),
    time: options.time ?? new Date().toISOString(),
    datacontenttype: 'application/json',
    data,
    ...(traceparent !== undefined && { traceparent }),
  };
}

/** Why something is no event. */
export class MalformedEvent extends Error {
  override readonly name = 'MalformedEvent';
}

/** The media type of a structured event: the envelope and its data in one JSON object. */
export const structuredType = 'application/cloudevents+json';

/** A message as a broker or HTTP carries it. Header names are in lower case. */
export interface EventMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The envelope and its data in one JSON object. */
export function toStructured(event: CloudEvent): EventMessage {
  return { headers: { 'content-type': structuredType }, body: JSON.stringify(event) };
}

/** The data alone as body, the envelope in headers that start with `prefix`: `ce-`, `ce_`, `cloudEvents:`. */
export function toBinary(event: CloudEvent, prefix = 'ce-'): EventMessage {
  const { data, datacontenttype, ...attributes } = event;
  const headers: Record<string, string> = { 'content-type': datacontenttype };
  for (const [name, value] of Object.entries(attributes)) {
    headers[prefix + name] = prefix === 'ce-' ? percentEncoded(value) : value;
  }
  return { headers, body: JSON.stringify(data) };
}

/**
 * The event in a message of either form, whichever prefix its headers have.
 *
 * Fails: MalformedEvent that says which attribute breaks which rule.
 */
export function readCloudEvent({ headers, body }: EventMessage): CloudEvent {
  const prefix = prefixes.find((candidate) => headers[`${candidate}specversion`] !== undefined);
  if (prefix === undefined) return checked(object(parsed(body)));
  const type = headers['content-type'] ?? 'application/json';
  if (!isJson(type)) {
    throw new MalformedEvent(`its data is ${JSON.stringify(type)}; only JSON is read`);
  }
  const attributes: Record<string, unknown> = { datacontenttype: 'application/json' };
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(prefix)) continue;
    attributes[name.slice(prefix.length)] = prefix === 'ce-' ? percentDecoded(value) : value;
  }
  return checked({ ...attributes, data: parsed(body) });
}

const prefixes = ['ce-', 'ce_', 'cloudevents:', 'cloudevents_'];

function checked(given: Readonly<Record<string, unknown>>): CloudEvent {
  if (given['specversion'] !== '1.0') {
    throw new MalformedEvent(
      `specversion must be "1.0", but is ${JSON.stringify(given['specversion'])}`,
    );
  }
  const contentType = text(given, 'datacontenttype') ?? 'application/json';
  if (!isJson(contentType) || given['data_base64'] !== undefined) {
    throw new MalformedEvent(`its data is ${JSON.stringify(contentType)}; only JSON is read`);
  }
  const subject = text(given, 'subject');
  const time = text(given, 'time');
  const traceparent = text(given, 'traceparent');
  if (time !== undefined && Number.isNaN(Date.parse(time))) {
    throw new MalformedEvent(`time must be a time of RFC 3339, but is ${JSON.stringify(time)}`);
  }
  return {
    specversion: '1.0',
    id: required(given, 'id'),
    source: required(given, 'source'),
    type: required(given, 'type'),
    ...(subject !== undefined && { subject }),
    ...(time !== undefined && { time }),
    datacontenttype: 'application/json',
    data: given['data'],
    ...(traceparent !== undefined && { traceparent }),
  };
}

function required(given: Readonly<Record<string, unknown>>, name: string): string {
  const value = text(given, name);
  if (value !== undefined) return value;
  throw new MalformedEvent(`${name} is missing`);
}

function text(given: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = given[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && value !== '') return value;
  throw new MalformedEvent(`${name} must be a text that is not empty`);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new MalformedEvent(`its body is not JSON: ${JSON.stringify(body.slice(0, 40))}`);
  }
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>; // any JSON object
  }
  throw new MalformedEvent('its body must be a JSON object');
}

function isJson(mediaType: string): boolean {
  return /^\s*(application|text)\/([\w.-]+\+)?json\s*(;|$)/i.test(mediaType);
}

/** As the HTTP binding wants it: space, quote, percent and all but printable ASCII. */
function percentEncoded(value: string): string {
  return value.replace(/[^!#$&-~]/gu, (character) => encodeURIComponent(character));
}

function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw new MalformedEvent(`a header has a malformed percent sign: ${JSON.stringify(value)}`);
  }
}
