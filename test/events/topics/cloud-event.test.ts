import { describe, expect, it } from 'vitest';
import {
  cloudEvent,
  MalformedEvent,
  readCloudEvent,
  toBinary,
  toStructured,
} from '../../../src/events/cloud-event.ts';

const event = cloudEvent({
  type: 'things.moved',
  source: '/bff/web',
  id: '7',
  subject: 'Zürich "100%"',
  time: '2026-11-22T10:00:00.000Z',
  data: { id: 'a' },
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
});

describe('an event', () => {
  it('is the same after a journey in one JSON object', () => {
    const message = toStructured(event);
    expect(message.headers['content-type']).toBe('application/cloudevents+json');
    expect(readCloudEvent(message)).toEqual(event);
  });

  it.each(['ce-', 'ce_', 'cloudevents:'])('is the same after one in headers with %s', (prefix) => {
    const message = toBinary(event, prefix);
    expect(message.body).toBe('{"id":"a"}');
    expect(message.headers[`${prefix}type`]).toBe('things.moved');
    if (prefix === 'ce-') expect(message.headers['ce-subject']).toMatch(/^[!-~]+$/);
    expect(readCloudEvent(message)).toEqual(event);
  });

  it.each([
    ['no JSON', /its body is not JSON/],
    ['[1]', /must be a JSON object/],
    ['{"specversion":"0.3"}', /specversion must be "1\.0", but is "0\.3"/],
    ['{"specversion":"1.0","id":"1","source":"/a"}', /type is missing/],
    ['{"specversion":"1.0","id":"","source":"/a","type":"t"}', /id must be a text/],
    ['{"specversion":"1.0","id":"1","source":"/a","type":"t","time":"soon"}', /time must be/],
    ['{"specversion":"1.0","id":"1","source":"/a","type":"t","data_base64":"AA"}', /only JSON/],
  ])('that is none says why: %s', (body, why) => {
    const read = () => readCloudEvent({ headers: {}, body });
    expect(read).toThrow(MalformedEvent);
    expect(read).toThrow(why);
  });
});
