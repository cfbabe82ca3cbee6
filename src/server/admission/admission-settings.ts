import { env } from '../../backend/setting.ts';
import { Malformed, type SettingUse } from '../../backend/settings.ts';
import type { Environment } from '../mask.ts';
import { readOrigins } from './origins.ts';

/** PERSISTED_ONLY, RATE_LIMIT, TRUST_PROXY, ALLOWED_ORIGINS and REDIS_URL. */
export function admissionSettings(environment: Environment) {
  const inProduction = environment === 'production' ? 'on' : 'off';
  return {
    PERSISTED_ONLY: {
      setting: env('PERSISTED_ONLY', inProduction, 'on or off'),
      purpose: 'whether only registered operations run',
      example: 'on',
      read: readSwitch,
    },
    RATE_LIMIT: {
      setting: env('RATE_LIMIT', inProduction, 'on or off'),
      purpose: 'whether viewers and addresses have budgets',
      example: 'on',
      read: readSwitch,
    },
    TRUST_PROXY: {
      setting: env('TRUST_PROXY', '0', 'a number of proxies'),
      purpose: 'proxies in front whose X-Forwarded-For is believed',
      example: '1',
      read(text: string) {
        if (/^\d$/.test(text)) return Number(text);
        throw new Malformed('expected a whole number from 0 to 9');
      },
    },
    ALLOWED_ORIGINS: {
      setting: env('ALLOWED_ORIGINS', '', 'origins'),
      purpose: 'other origins whose pages may ask, separated by commas; none when unset',
      example: 'https://app.example.com',
      read: readOrigins,
    },
    REDIS_URL: {
      setting: env('REDIS_URL', '', 'a URL'),
      purpose:
        'what instances share: sessions, rate limits, caches, ids of webhooks, how jobs stand, and topics without a broker; nothing when unset',
      example: 'redis://127.0.0.1:6379',
      read(text: string) {
        if (text === '') return null;
        const url = URL.parse(text);
        if (url && /^rediss?:$/.test(url.protocol) && url.hostname !== '') return url;
        throw new Malformed('expected a URL with redis or rediss');
      },
    },
  } as const satisfies Record<string, SettingUse<unknown>>;
}

function readSwitch(text: string): boolean {
  if (text === 'on') return true;
  if (text === 'off') return false;
  throw new Malformed('expected on or off');
}
