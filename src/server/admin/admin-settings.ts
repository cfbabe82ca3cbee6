import { isIP } from 'node:net';
import { env } from '../../backend/setting.ts';
import { Malformed, type SettingUse } from '../../backend/settings.ts';

/** Where the admin port listens when nothing says otherwise: nobody outside this machine reaches it. */
export const loopback = '127.0.0.1';

/** Whether an address is this machine's own. */
export function isLoopback(host: string): boolean {
  return host === '::1' || host === 'localhost' || host.startsWith('127.');
}

/** ADMIN_HOST and ADMIN_TOKEN. */
export const adminSettings = {
  ADMIN_HOST: {
    setting: env('ADMIN_HOST', loopback, 'an IP address'),
    purpose: 'where the admin port listens: 0.0.0.0 lets probes and Prometheus of a cluster in',
    example: '0.0.0.0',
    read(text: string): string {
      if (isIP(text) === 0) throw new Malformed('expected an IP address');
      return text;
    },
  },
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
