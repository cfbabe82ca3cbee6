import {
  AccessRefused,
  type CallerIdentity,
  type CheckAccess,
  createAccessCheck,
  mayAccess,
} from '../service/access-token.ts';
import { createCallLog } from '../service/call-log.ts';
import { defaultDataDir } from '../service/database.ts';
import { badRequest, checkNames, readList } from '../service/rest-parameters.ts';
import {
  Problem,
  type RestAnswer,
  type RestCall,
  startRestServer,
} from '../service/rest-server.ts';
import type { ProtectedServiceOptions, RunningService } from '../service/service.ts';
import { openTravellers, type Traveller, type TravellerStore } from './store.ts';

const idPattern = /^[A-Za-z0-9_-]{1,64}$/;
const iataPattern = /^[A-Z0-9]{3,4}$/;

/**
 * Starts the travellers service: `schemas/travellers/openapi.yaml` over HTTP.
 *
 * With an issuer, every operation asks for an access token for `urn:travellers`: travellers see and
 * change themselves, a client reads all. Without one nothing proves a token: the bearer token of
 * `/me` is the traveller's id itself, and the other operations ask for none.
 */
export async function startTravellers(
  options: ProtectedServiceOptions = {},
): Promise<RunningService> {
  const store = openTravellers(options.dataDir ?? defaultDataDir);
  const calls = createCallLog('travellers', options.print);
  const check = options.issuer ? createAccessCheck(options.issuer, 'urn:travellers') : null;
  try {
    const server = await startRestServer({
      port: options.port ?? 0,
      calls,
      routes: [
        { method: 'GET', path: '/me', answer: (call) => me(store, check, call) },
        { method: 'GET', path: '/travellers', answer: (call) => batch(store, check, call) },
        {
          method: 'PATCH',
          path: '/travellers/{id}',
          answer: (call, id) => update(store, check, call, id),
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

/** Who calls; null where no token is asked for. Fails with a `Problem`. */
async function callerOf(check: CheckAccess | null, call: RestCall): Promise<CallerIdentity | null> {
  if (!check) return null;
  try {
    return await check(call.headers.authorization);
  } catch (error) {
    if (!(error instanceof AccessRefused)) throw error;
    if (error.reason === 'no keys') throw new Problem(503, 'Unavailable', error.message);
    throw unauthorized(error.message, error.reason === 'no token' ? '' : ' error="invalid_token"');
  }
}

function unauthorized(message: string, challenge: string): Problem {
  return new Problem(401, 'Unauthorized', message, { 'www-authenticate': `Bearer${challenge}` });
}

async function me(
  store: TravellerStore,
  check: CheckAccess | null,
  call: RestCall,
): Promise<RestAnswer> {
  const caller = await callerOf(check, call);
  checkNames(call.query, []);
  if (caller) {
    const { traveller: id } = caller;
    const self = id !== null && mayAccess(caller, id, 'travellers.read') ? store.one(id) : null;
    if (self) return personal(self);
    throw new Problem(403, 'Forbidden', 'The access token is not one of a traveller.');
  }
  const token = call.headers.authorization?.match(/^Bearer +(\S+)$/i)?.[1];
  const traveller = token === undefined ? null : store.one(token);
  if (traveller) return personal(traveller);
  throw token === undefined
    ? unauthorized('Send an access token.', '')
    : unauthorized('The access token is not one of a traveller.', ' error="invalid_token"');
}

/** In the order of the ids, whatever was asked first: the contract promises none. */
async function batch(
  store: TravellerStore,
  check: CheckAccess | null,
  call: RestCall,
): Promise<RestAnswer> {
  const caller = await callerOf(check, call);
  checkNames(call.query, ['ids']);
  const ids = readList(call.query, 'ids', { pattern: idPattern, maxItems: 100 });
  const items = ids
    .sort()
    .filter((id) => mayAccess(caller, id, 'travellers.read'))
    .map((id) => store.one(id))
    .filter((traveller) => traveller !== null);
  return personal({ items });
}

async function update(
  store: TravellerStore,
  check: CheckAccess | null,
  call: RestCall,
  id: string,
): Promise<RestAnswer> {
  const caller = await callerOf(check, call);
  checkNames(call.query, []);
  if (!mayAccess(caller, id, 'travellers.write')) {
    throw new Problem(403, 'Forbidden', 'Travellers change themselves only.');
  }
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
