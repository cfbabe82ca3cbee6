import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/** Text that only we can read and write. */
export interface Sealer {
  /** `place` is where the text belongs; it opens nowhere else. */
  seal(text: string, place: string): string;
  /** Null for anything that was not sealed here, for that place. */
  open(sealed: string, place: string): string | null;
}

const ivBytes = 12;
const tagBytes = 16;

/** AES-256-GCM under a key derived from `secret` (HKDF-SHA-256) for one purpose. */
export function createSealer(secret: string, purpose: string): Sealer {
  const key = derivedKey(secret, purpose);
  return {
    seal(text, place) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(place));
      const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([sealed, cipher.getAuthTag()]).toString('base64url');
    },
    open(sealed, place) {
      const bytes = Buffer.from(sealed, 'base64url');
      if (bytes.length < ivBytes + tagBytes) return null;
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), {
          authTagLength: tagBytes,
        });
        decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(-tagBytes));
        const text = decipher.update(bytes.subarray(ivBytes, -tagBytes));
        return Buffer.concat([text, decipher.final()]).toString('utf8');
      } catch {
        return null;
      }
    },
  };
}

/** A value that is bound to `text` and can't be made without the secret. */
export function createBinder(secret: string, purpose: string): (text: string) => string {
  const key = derivedKey(secret, purpose);
  return (text) => createHmac('sha256', key).update(text).digest('base64url');
}

/** 256 random bits, in 43 characters. */
export function randomId(): string {
  return randomBytes(32).toString('base64url');
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** Compares in constant time. */
export function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function derivedKey(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `tailorbird ${purpose}`, 32));
}
