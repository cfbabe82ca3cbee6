import {
  allowInsecureRequests,
  AuthorizationResponseError,
  ClientSecretBasic,
  type Configuration,
  discovery,
  enableNonRepudiationChecks,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import { unavailable } from './auth.ts';

export interface IdentityProviderOptions {
  readonly issuer: URL;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The OpenID provider, as one client of it sees it. */
export interface IdentityProvider {
  /** As it stands in tokens. */
  readonly issuer: string;
  /**
   * What the provider says of itself, asked when first needed and kept.
   *
   * Fails: BackendError UPSTREAM_UNAVAILABLE of `identity`; asked again after a second.
   */
  configuration(): Promise<Configuration>;
}

/** Longest wait for one answer of the provider. */
const timeoutSeconds = 2;
const askAgainMs = 1_000;

/** Asks nothing yet, so that a provider that is down delays no start. */
export function createIdentityProvider(options: IdentityProviderOptions): IdentityProvider {
  const { issuer, clientId, clientSecret } = options;
  let known: Promise<Configuration> | undefined;

  return {
    issuer: issuer.pathname === '/' ? issuer.origin : issuer.href,
    configuration() {
      known ??= discover().catch((error: unknown) => {
        setTimeout(() => (known = undefined), askAgainMs).unref();
        throw unavailable('identity', `${issuer.href} can’t be discovered`, error);
      });
      return known;
    },
  };

  function discover(): Promise<Configuration> {
    return discovery(issuer, clientId, undefined, ClientSecretBasic(clientSecret), {
      timeout: timeoutSeconds,
      execute: [
        enableNonRepudiationChecks,
        ...(issuer.protocol === 'http:' ? [allowInsecureRequests] : []),
      ],
    });
  }
}

/** Whether the provider has answered, and its answer is no; everything else may heal. */
export function isRefusal(error: unknown): boolean {
  return (
    error instanceof AuthorizationResponseError ||
    (error instanceof ResponseBodyError && error.status < 500) ||
    (error instanceof WWWAuthenticateChallengeError && error.status < 500)
  );
}
