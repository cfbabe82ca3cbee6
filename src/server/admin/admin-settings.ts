import { env } from '../../backend/setting.ts';
import { Malformed, type SettingUse } from '../../backend/settings.ts';

/** ADMIN_TOKEN. */
export const adminSettings = {
  ADMIN_TOKEN: {
    setting: env('ADMIN_TOKEN', '', 'a secret'),
    purpose:
      'what staff send to the admin port to see and change things; production needs it for that, and for its explorer',
    example: 'the output of: openssl rand -base64 32',
    secret: true,
    read(text: string): string | null {
      if (text === '') return null;
      if (text.length < 32) throw new Malformed('expected at least 32 characters');
      return text;
    },
  },
} as const satisfies Record<string, SettingUse<unknown>>;
