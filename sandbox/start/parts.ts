/** One process that `npm start` runs. */
export interface Part {
  readonly name: string;
  readonly group: 'backends' | 'bffs';
  /** From the repository's root. */
  readonly entry: string;
  readonly ports: readonly PartPort[];
  /** Variable that tells the BFFs where it is; a BFF has none. */
  readonly urlVariable: string | null;
  /** Folders whose changes restart it under `--watch`, from the repository's root. */
  readonly sources: readonly string[];
}

/** A port that a part listens on. */
export interface PartPort {
  /** What the part itself reads. */
  readonly passedAs: 'PORT' | 'ADMIN_PORT';
  /** What changes it for `npm start`. */
  readonly variable: string;
  readonly fallback: number;
  /** What to open there, and what it is. */
  readonly shown: (origin: string) => string;
}

const airport = (origin: string) => `${origin}/airports/ATL`;
const traveller = (origin: string) => `${origin}/me (asks for an access token)`;
const login = (origin: string) =>
  `${origin} (OpenID provider: ada, grace or amelia, password "sandbox")`;
const grpc = (service: string) => (origin: string) => `${origin} (gRPC ${service})`;

/** Everything that `npm start` runs, in the order in which it is shown. */
export const parts: readonly Part[] = [
  { ...backend('identity', 4105, login), urlVariable: 'OIDC_ISSUER' },
  backend('airports', 4101, airport),
  backend('flights', 4102, grpc('flights.v1.Flights')),
  backend('bookings', 4103, grpc('bookings.v1.Bookings')),
  backend('travellers', 4104, traveller),
  bff('web', 4001, 9001, 'GraphiQL; a login to try is at /'),
  bff('mobile', 4002, 9002, 'GraphiQL'),
];

function backend(name: string, fallback: number, shown: PartPort['shown']): Part {
  const prefix = name.toUpperCase();
  return {
    name,
    group: 'backends',
    entry: `sandbox/${name}/main.ts`,
    ports: [{ passedAs: 'PORT', variable: `${prefix}_PORT`, fallback, shown }],
    urlVariable: `${prefix}_URL`,
    sources: [`sandbox/${name}`, 'sandbox/service', `schemas/${name}`],
  };
}

function bff(name: string, port: number, adminPort: number, offers: string): Part {
  const prefix = name.toUpperCase();
  return {
    name,
    group: 'bffs',
    entry: `bff-${name}/main.ts`,
    ports: [
      {
        passedAs: 'PORT',
        variable: `${prefix}_PORT`,
        fallback: port,
        shown: (origin) => `${origin}/graphql (${offers})`,
      },
      {
        passedAs: 'ADMIN_PORT',
        variable: `${prefix}_ADMIN_PORT`,
        fallback: adminPort,
        shown: (origin) => `${origin}/readyz (admin)`,
      },
    ],
    urlVariable: null,
    sources: [`bff-${name}`, 'schemas', 'src'],
  };
}
