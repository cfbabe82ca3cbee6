import type { ClientMetadata } from 'oidc-provider';

/** What a token of each API may allow. */
export const apis: Readonly<Record<string, readonly string[]>> = {
  'urn:travellers': ['travellers.read', 'travellers.write'],
  'urn:bookings': ['bookings.read', 'bookings.write'],
  'urn:tailorbird:web': allScopes(),
  'urn:tailorbird:mobile': allScopes(),
};

/** A client, and which APIs it gets tokens for: as the app, for itself, or in exchange. */
export interface SandboxClient {
  readonly metadata: ClientMetadata;
  /** APIs that it logs somebody in for. */
  readonly frontDoors: readonly string[];
  /** APIs that it calls as itself, or on behalf of whoever brings a token of `exchanges`. */
  readonly backends: readonly string[];
  /** Audience of the tokens that it may exchange. */
  readonly exchanges: string | null;
}

export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
const backends = ['urn:travellers', 'urn:bookings'];

// Native clients may come back to any loopback port (RFC 8252), so that WEB_PORT can be changed.
const loopback = (path: string) => [`http://127.0.0.1${path}`, `http://localhost${path}`];

export const clients: readonly SandboxClient[] = [
  {
    metadata: {
      client_id: 'bff-web',
      client_secret: 'sandbox-web-secret',
      client_name: 'Tailorbird web',
      application_type: 'native',
      redirect_uris: loopback('/auth/callback'),
      post_logout_redirect_uris: loopback('/'),
      response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials', tokenExchange],
      token_endpoint_auth_method: 'client_secret_basic',
    },
    frontDoors: ['urn:tailorbird:web'],
    backends,
    exchanges: 'urn:tailorbird:web',
  },
  {
    metadata: {
      client_id: 'bff-mobile',
      client_secret: 'sandbox-mobile-secret',
      client_name: 'Tailorbird mobile, the BFF',
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials', tokenExchange],
      token_endpoint_auth_method: 'client_secret_basic',
    },
    frontDoors: [],
    backends,
    exchanges: 'urn:tailorbird:mobile',
  },
  {
    metadata: {
      client_id: 'mobile',
      client_name: 'Tailorbird mobile, the app',
      application_type: 'native',
      redirect_uris: [...loopback('/callback'), 'app.tailorbird:/callback'],
      post_logout_redirect_uris: ['app.tailorbird:/'],
      response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    },
    frontDoors: ['urn:tailorbird:mobile'],
    backends: [],
    exchanges: null,
  },
];

export function clientOf(clientId: string): SandboxClient | undefined {
  return clients.find(({ metadata }) => metadata.client_id === clientId);
}

function allScopes(): readonly string[] {
  return ['travellers.read', 'travellers.write', 'bookings.read', 'bookings.write'];
}
