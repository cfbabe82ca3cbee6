import { createCallLog } from '../service/call-log.ts';
import { defaultDataDir } from '../service/database.ts';
import { badRequest, checkNames, readList } from '../service/rest-parameters.ts';
import {
  Problem,
  type RestAnswer,
  type RestCall,
  startRestServer,
} from '../service/rest-server.ts';
import type { RunningService, ServiceOptions } from '../service/service.ts';
import { openTravellers, type Traveller, type TravellerStore } from './store.ts';

const idPattern = /^[A-Za-z0-9_-]{1,64}$/;
const iataPattern = /^[A-Z0-9]{3,4}$/;

/**
 * Starts the travellers service: `schemas/travellers/openapi.yaml` over HTTP.
 *
 * The sandbox has no identity provider yet, so nothing proves a token: the bearer token of `/me` is
 * the traveller's id itself, and the other operations ask for none.
 */
export async function startTravellers(options: ServiceOptions = {}): Promise<RunningService> {
  const store = openTravellers(options.dataDir ?? defaultDataDir);
  const calls = createCallLog('travellers', options.print);
  try {
    const server = await startRestServer({
      port: options.port ?? 0,
      calls,
      routes: [
        { method: 'GET', path: '/me', answer: (call) => me(store, call) },
        { method: 'GET', path: '/travellers', answer: (call) => batch(store, call) },
        {
          method: 'PATCH',
          path: '/travellers/{id}',
          answer: (call, id) => update(store, call, id),
        },
      ],
    });
    return {
      name: 'travellers',
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

function me(store: TravellerStore, call: RestCall): RestAnswer {
  checkNames(call.query, []);
  const token = call.headers.authorization?.match(/^Bearer +(\S+)$/i)?.[1];
  const traveller = token === undefined ? null : store.one(token);
  if (traveller) return personal(traveller);
  throw new Problem(
    401,
    'Unauthorized',
    token === undefined ? 'Send an access token.' : 'The access token is not one of a traveller.',
    { 'www-authenticate': token === undefined ? 'Bearer' : 'Bearer error="invalid_token"' },
  );
}

/** In the order of the ids, whatever was asked first: the contract promises none. */
function batch(store: TravellerStore, call: RestCall): RestAnswer {
  checkNames(call.query, ['ids']);
  const ids = readList(call.query, 'ids', { pattern: idPattern, maxItems: 100 });
  const items = ids
    .sort()
    .map((id) => store.one(id))
    .filter((traveller) => traveller !== null);
  return personal({ items });
}

async function update(store: TravellerStore, call: RestCall, id: string): Promise<RestAnswer> {
  checkNames(call.query, []);
  const homeAirport = readHomeAirport(await call.json());
  const found = store.setHomeAirport(id, homeAirport);
  const traveller = found ? store.one(id) : null;
  if (traveller) return personal(traveller);
  throw new Problem(404, 'No such traveller', `Nobody has the id "${id}".`);
}

function readHomeAirport(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badRequest('The body has to be an object, such as {"homeAirport":"JFK"}.');
  }
  const unknown = Object.keys(body).find((name) => name !== 'homeAirport');
  if (unknown !== undefined) {
    throw badRequest(`"${unknown}" cannot be changed; only homeAirport can.`);
  }
  if (!('homeAirport' in body)) throw badRequest('The body changes nothing; set homeAirport.');
  const { homeAirport } = body;
  if (homeAirport === null) return null;
  if (typeof homeAirport === 'string' && iataPattern.test(homeAirport)) return homeAirport;
  throw badRequest('homeAirport has to be an IATA code in capitals, or null.');
}

function personal(value: Traveller | { readonly items: readonly Traveller[] }): RestAnswer {
  return {
    status: 200,
    headers: { 'cache-control': 'private, no-store' },
    body: JSON.stringify(value),
  };
}
