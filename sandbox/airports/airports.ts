import { createHash } from 'node:crypto';
import { createCallLog } from '../service/call-log.ts';
import { defaultDataDir } from '../service/database.ts';
import { decodePageToken, encodePageToken } from '../service/page-token.ts';
import { badRequest, checkNames, readInteger, readList } from '../service/rest-parameters.ts';
import {
  Problem,
  type RestAnswer,
  type RestCall,
  startRestServer,
} from '../service/rest-server.ts';
import type { RunningService, ServiceOptions } from '../service/service.ts';
import { type AirportPosition, type AirportStore, openAirports } from './store.ts';

const iataPattern = /^[A-Za-z0-9]{3,4}$/;
const cacheControl = 'public, max-age=60, stale-while-revalidate=300';

/** Starts the airports service: `schemas/airports/openapi.yaml` over HTTP. */
export async function startAirports(options: ServiceOptions = {}): Promise<RunningService> {
  const store = openAirports(options.dataDir ?? defaultDataDir);
  const calls = createCallLog('airports', options.print);
  try {
    const server = await startRestServer({
      port: options.port ?? 0,
      calls,
      routes: [
        {
          method: 'GET',
          path: '/airports/{iata}',
          answer: (call, iata) => cached(call, one(store, call, iata)),
        },
        { method: 'GET', path: '/airports', answer: (call) => cached(call, list(store, call)) },
      ],
    });
    return {
      name: 'airports',
      url: server.url,
      callsUrl: `${server.url}/__calls`,
      calls,
      async close() {
        await server.close();
        store.close();
      },
    };
  } catch (error) {
    store.close();
    throw error;
  }
}

function one(store: AirportStore, call: RestCall, iata: string): string {
  checkNames(call.query, []);
  if (!iataPattern.test(iata)) {
    throw badRequest(`"${iata}" is no IATA code: three or four letters or digits.`);
  }
  const airport = store.one(iata.toUpperCase());
  if (airport !== null) return airport;
  throw new Problem(404, 'No such airport', `No airport has the code "${iata.toUpperCase()}".`);
}

function list(store: AirportStore, call: RestCall): string {
  const { query } = call;
  if (query.has('ids')) return batch(store, query);
  checkNames(query, ['ids', 'search', 'state', 'limit', 'cursor', 'skip']);

  const search = query.get('search');
  if (search !== null && (search.trim() === '' || search.length > 100)) {
    throw badRequest('Parameter "search" has to have 1 to 100 characters.');
  }
  const state = query.get('state')?.toUpperCase() ?? null;
  if (state !== null && !/^[A-Z]{2}$/.test(state)) {
    throw badRequest(`Parameter "state" has to be two letters, but is "${state}".`);
  }
  const { items, next } = store.page({
    search,
    state,
    limit: readInteger(query, 'limit', { min: 1, max: 100, fallback: 20 }),
    skip: readInteger(query, 'skip', { min: 0, max: 100, fallback: 0 }),
    after: readCursor(query, search, state),
  });
  const cursor = next && encodePageToken(scopeOf(search, state), [next.score ?? 0, next.iata]);
  return pageJson(items, cursor);
}

/** In the order of the codes, whatever was asked first: the contract promises none. */
function batch(store: AirportStore, query: URLSearchParams): string {
  checkNames(query, ['ids']);
  const ids = readList(query, 'ids', { pattern: iataPattern, maxItems: 100 });
  const codes = [...new Set(ids.map((id) => id.toUpperCase()))].sort();
  return pageJson(
    codes.map((code) => store.one(code)).filter((json) => json !== null),
    null,
  );
}

function readCursor(
  query: URLSearchParams,
  search: string | null,
  state: string | null,
): AirportPosition | null {
  const cursor = query.get('cursor');
  if (cursor === null) return null;
  const after = decodePageToken(scopeOf(search, state), cursor, ['number', 'string']);
  if (!after) {
    throw badRequest(
      'Parameter "cursor" is not one that this list has answered; pass nextCursor as it came, with the same search and state.',
    );
  }
  return { score: search === null ? null : Number(after[0]), iata: String(after[1]) };
}

function scopeOf(search: string | null, state: string | null): string {
  return JSON.stringify([search, state]);
}

function pageJson(items: readonly string[], nextCursor: string | null): string {
  return `{"items":[${items.join()}],"nextCursor":${JSON.stringify(nextCursor)}}`;
}

function cached(call: RestCall, body: string): RestAnswer {
  const etag = `"${createHash('sha1').update(body).digest('base64url')}"`;
  const headers = { etag, 'cache-control': cacheControl };
  const known = call.headers['if-none-match']
    ?.split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.includes(etag) || known?.includes('*')) return { status: 304, headers };
  return { status: 200, headers, body };
}
