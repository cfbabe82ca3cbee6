import { env } from '../../backend/setting.ts';
import { Malformed, type SettingUse } from '../../backend/settings.ts';
import type { WebhookSource } from './define-webhook-source.ts';
import { secretsOf, type SourceKeys } from './signatures/secrets.ts';

/** What `webhookSettings` are read as. */
export interface WebhookValues {
  /** The active keys of each source, by its name. */
  readonly keys: ReadonlyMap<string, SourceKeys>;
  readonly allowLoopback: boolean;
}

/** Where the settings of webhooks stand among all: the secrets of each source, WEBHOOKS_TO_LOOPBACK. */
export function webhookSettings(
  sources: readonly WebhookSource[],
  production: boolean,
): Readonly<Record<string, SettingUse<unknown>>> {
  return {
    ...Object.fromEntries(
      sources.map((source) => [settingOf(source), secretsOf(source, production)]),
    ),
    WEBHOOKS_TO_LOOPBACK: {
      setting: env('WEBHOOKS_TO_LOOPBACK', 'off', 'on or off'),
      purpose: 'whether webhooks may be sent to this machine, for development',
      example: 'off',
      read(text) {
        if (text !== 'on' && text !== 'off') throw new Malformed('expected on or off');
        if (text === 'on' && production) throw new Malformed('expected off in production');
        return text === 'on';
      },
    },
  };
}

/** What these settings were resolved to. */
export function webhookValues(
  sources: readonly WebhookSource[],
  values: Readonly<Record<string, unknown>>,
): WebhookValues {
  return {
    // Each as `secretsOf` read it.
    keys: new Map(sources.map((source) => [source.name, values[settingOf(source)] as SourceKeys])),
    allowLoopback: values['WEBHOOKS_TO_LOOPBACK'] === true,
  };
}

function settingOf({ name }: WebhookSource): string {
  return `webhook source ${name}`;
}
