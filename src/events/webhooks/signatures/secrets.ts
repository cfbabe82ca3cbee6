import { Malformed, type SettingUse } from '../../../backend/settings.ts';
import type { SignatureScheme, WebhookVerification } from './signature.ts';

/** The active keys of a webhook source; null when it has none here, and takes nothing. */
export type SourceKeys = readonly Buffer[] | null;

/**
 * How the secrets of a source are read: one, or two while they rotate, separated by a comma. What
 * the code names as their default is for development: production has a secret of its own or none.
 */
export function secretsOf(
  source: { readonly name: string; readonly verify: WebhookVerification },
  production: boolean,
): SettingUse<SourceKeys> {
  const { secrets, scheme } = source.verify;
  return {
    setting: {
      ...secrets,
      fallback: production ? '' : (secrets.fallback ?? ''),
      expects: 'one or two secrets',
    },
    purpose: `the ${scheme.name} secrets of webhook source "${source.name}"; off when unset`,
    example: 'the secret that the sender gave you, and after a comma the one before it',
    secret: true,
    read(text) {
      if (production && text !== '' && text === secrets.fallback) {
        throw new Malformed('expected a secret of your own');
      }
      return readKeys(text, scheme);
    },
  };
}

function readKeys(text: string, scheme: SignatureScheme): SourceKeys {
  if (text === '') return null;
  const secrets = text.split(',').map((secret) => secret.trim());
  if (secrets.length > 2) throw new Malformed('expected at most two secrets');
  return secrets.map((secret) => scheme.key(secret));
}

/** The key that is a secret's own text, as most senders mean it. Fails: Malformed when it is short. */
export function textKey(secret: string): Buffer {
  if (secret.length < 16) throw new Malformed('expected secrets of at least 16 characters');
  return Buffer.from(secret);
}
