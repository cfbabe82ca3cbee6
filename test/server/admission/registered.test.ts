import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  readRegisteredOperations,
  registeredOperations,
} from '../../../src/server/admission/registered-operations.ts';
import { stubServer } from '../../support/stub-server.ts';
import { transports } from './transports.ts';

const idOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const hello = 'query Hello($name: String) { hello(name: $name) }';
const older = '{ hello(name: "1.0.0") }';
const write = 'mutation { write(text: "x") }';
const deferred = '{ hello ... @defer { viewer } }';
const registered = registeredOperations([
  { file: '1.0.0', operations: { [idOf(older)]: older, [idOf(hello)]: hello } },
  {
    file: '2.0.0',
    operations: { [idOf(hello)]: hello, [idOf(write)]: write, [idOf(deferred)]: deferred },
  },
]);
const unknown = idOf('{ never }');
const envelope = (id: string) => ({
  persistedQuery: { version: 1, sha256Hash: id.replace('sha256:', '') },
});

const inProduction = { environment: 'production', registered, drain: { acceptMs: 0 } } as const;
const production = stubServer({ ...inProduction, persistedOnly: true });
const open = stubServer(inProduction);
const development = stubServer({ registered });
const urls = { production: '', open: '', development: '' };
beforeAll(async () => {
  urls.production = (await production.listen()).url.replace('localhost', '127.0.0.1');
  urls.open = (await open.listen()).url.replace('localhost', '127.0.0.1');
  urls.development = (await development.listen()).url;
});
afterAll(() => Promise.all([production, open, development].map((server) => server.close())));

const ada = { variables: { name: 'Ada' } };
const named: readonly [string, object][] = [
  ['documentId', { documentId: idOf(hello), ...ada }],
  ['documentId without its algorithm', { documentId: idOf(hello).slice(7), ...ada }],
  ['Apollo’s envelope', { extensions: envelope(idOf(hello)), ...ada }],
  ['Apollo’s envelope and the text', { query: hello, extensions: envelope(idOf(hello)), ...ada }],
  ['id', { id: idOf(hello), ...ada }],
  ['doc_id', { doc_id: idOf(hello), ...ada }],
  ['an id beside another text', { documentId: idOf(hello), query: '{ viewer }', ...ada }],
];

describe.each(transports)('over %s', (name, send) => {
  test.each(named)('an operation named by %s runs in production', async (_, sent) => {
    const { data, codes } = await send(urls.production, sent);
    expect({ data, codes }).toEqual({ data: { hello: 'hello Ada' }, codes: [] });
  });

  test('operations of every version run', async () => {
    const { data } = await send(urls.production, { documentId: idOf(older) });
    expect(data).toEqual({ hello: 'hello 1.0.0' });
  });

  test.each([
    ['text', { query: '{ hello }' }],
    ['the text of a registered one', { query: older }],
    ['an unknown id', { documentId: unknown }],
    ['an unknown id with its text', { documentId: idOf('{ hello }'), query: '{ hello }' }],
    ['Apollo’s registration', { query: '{ hello }', extensions: envelope(idOf('{ hello }')) }],
    ['introspection', { query: '{ __schema { queryType { name } } }' }],
    ['no JSON of GraphQL', { query: '{{{' }],
  ])('%s is PERSISTED_ONLY in production, however often it is sent', async (_, sent) => {
    for (let time = 0; time < 2; time += 1) {
      const { data, codes, messages } = await send(urls.production, sent);
      expect({ data, codes }).toEqual({ data: null, codes: ['PERSISTED_ONLY'] });
      expect(messages[0]).not.toBe('PersistedQueryNotFound');
    }
  });

  test('a registered operation that may be deferred answers', async () => {
    const { data, text } = await send(urls.production, { documentId: idOf(deferred) });
    expect(data).toMatchObject({ hello: 'hello world' });
    if (name === 'multipart') expect(text).toContain('"incremental"');
  });

  test('an unknown id is told in development so that Apollo sends the text', async () => {
    const sent = { extensions: envelope(unknown) };
    const { messages, codes } = await send(urls.development, sent);
    expect({ messages, codes }).toEqual({
      messages: ['PersistedQueryNotFound'],
      codes: ['PERSISTED_ONLY'],
    });
    const again = await send(urls.development, { ...sent, query: '{ hello }' });
    expect(again.data).toEqual({ hello: 'hello world' });
    expect((await send(urls.development, sent)).codes).toEqual(['PERSISTED_ONLY']);
  });

  test('development runs anything, and notes what is not registered', async () => {
    for (const [sent, unregistered] of [
      [{ query: '{ hello }' }, true],
      [{ query: older }, undefined],
      [{ documentId: idOf(older) }, undefined],
    ] as const) {
      development.log.length = 0;
      expect((await send(urls.development, sent)).codes).toEqual([]);
      expect(development.log[0]?.fields['unregistered']).toBe(unregistered);
    }
  });
});

describe('GET', () => {
  const get = transports.find(([name]) => name === 'GET')?.[1] ?? expect.fail();

  test('never carries a mutation, registered or not', async () => {
    for (const sent of [{ documentId: idOf(write) }, { id: idOf(write) }]) {
      const { status, headers } = await get(urls.production, sent);
      expect([status, headers.get('allow')]).toEqual([405, 'POST']);
    }
    expect(production.seen.written).toBe(0);
  });

  test('carries text nowhere in production, even where any operation runs', async () => {
    expect((await get(urls.open, { query: '{ hello }' })).status).toBe(405);
    expect((await get(urls.open, { documentId: idOf(older) })).status).toBe(200);
    expect((await get(urls.development, { query: '{ hello }' })).status).toBe(200);
  });
});

describe('what is registered', () => {
  const folder = () => {
    const operations = mkdtempSync(join(tmpdir(), 'operations-'));
    const put = (version: string, text: string) => {
      mkdirSync(join(operations, 'generated', version), { recursive: true });
      writeFileSync(join(operations, 'generated', version, 'persisted-documents.json'), text);
    };
    return { operations, put, read: () => readRegisteredOperations({ name: 'x', operations }) };
  };

  test('is the manifest of every version, Relay’s hashes too', () => {
    const { put, read } = folder();
    put('1.0.0', JSON.stringify({ [idOf(older)]: older }));
    put('2.0.0', JSON.stringify({ [idOf(older)]: older, d41d8cd98f: hello }));
    const all = read();
    expect(all.count).toBe(2);
    expect(all.find(idOf(older))?.source).toBe(older);
    expect(all.find('d41d8cd98f')?.source).toBe(hello);
    expect(all.find('constructor')).toBeUndefined();
  });

  test.each([
    ['{"a": ', 'expected an object of ids'],
    ['[1]', 'expected an object of ids'],
    ['{"a": 1}', 'expected an object of ids'],
    [`{"${unknown}": "{ hello }"}`, 'is not the SHA-256 of its text'],
  ])('%s stops the start', (text, rule) => {
    const { put, read } = folder();
    put('1.0.0', text);
    expect(read).toThrow(rule);
  });

  test('one id for two texts stops the start', () => {
    const { put, read } = folder();
    put('1.0.0', '{"a": "{ hello }"}');
    put('2.0.0', '{"a": "{ viewer }"}');
    expect(read).toThrow('2.0.0/persisted-documents.json: the id "a" has another text');
  });
});
