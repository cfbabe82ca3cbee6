import { createHash, createHmac, type Hash, type Hmac, timingSafeEqual } from 'node:crypto';
import type { Setting } from '../../../backend/setting.ts';

/** A request header's value; null when it was not sent. */
export type HeaderReader = (name: string) => string | null;

/** What a webhook's headers say of its signature; nothing of it is believed before the body was checked. */
export interface SignatureClaim {
  /** What was signed in front of the body. */
  readonly prefix: string;
  /** Signatures, any of which may be the right one. */
  readonly signatures: readonly Buffer[];
  /** When it was signed, in milliseconds since 1970; null where the scheme does not say. */
  readonly signedAt: number | null;
  /** The webhook's own id, where the signature covers it in a header; null elsewhere. */
  readonly id: string | null;
}

/** How one kind of sender signs: an HMAC over the body's raw bytes with something in front. */
export interface SignatureScheme {
  /** For log lines. */
  readonly name: string;
  readonly algorithm: 'sha256' | 'sha512';
  /** Null when a header is missing or malformed. */
  claim(header: HeaderReader): SignatureClaim | null;
  /** The key in a secret's text. Fails: Malformed with the rule it breaks. */
  key(secret: string): Buffer;
  /** The webhook's own id in its checked payload. @default by `SignatureClaim.id`, else the body's digest */
  idIn?(payload: Readonly<Record<string, unknown>>): string | null;
  /** What a sender wants to hear back when it checks the address; such a webhook is no event. @default none does */
  challengeIn?(payload: Readonly<Record<string, unknown>>): string | null;
}

/** A scheme and where its secrets come from: one, or two while they rotate, separated by a comma. */
export interface WebhookVerification {
  readonly scheme: SignatureScheme;
  readonly secrets: Setting;
}

/** How far a sender's clock may be from ours, in milliseconds. */
export const signatureWindowMs = 300_000;

/** Checks a body against a claim while it arrives, so that a large one never stops the process. */
export class SignatureCheck {
  readonly #expected: readonly Hmac[];
  readonly #offered: readonly Buffer[];
  readonly #digest: Hash | null;

  constructor(scheme: SignatureScheme, keys: readonly Buffer[], claim: SignatureClaim) {
    this.#expected = keys.map((key) => createHmac(scheme.algorithm, key).update(claim.prefix));
    this.#offered = claim.signatures;
    this.#digest = claim.id === null ? createHash('sha256') : null;
  }

  update(chunk: Buffer): void {
    for (const hmac of this.#expected) hmac.update(chunk);
    this.#digest?.update(chunk);
  }

  /** Whether one of the keys made one of the signatures; takes as long for any wrong one. Called once. */
  matches(): boolean {
    let found = false;
    for (const hmac of this.#expected) {
      const expected = hmac.digest();
      for (const offered of this.#offered) {
        if (offered.length === expected.length && timingSafeEqual(offered, expected)) found = true;
      }
    }
    return found;
  }

  /** The body's SHA-256 in base64url, where the claim has no id; empty elsewhere. Called once. */
  bodyDigest(): string {
    return this.#digest?.digest('base64url') ?? '';
  }
}

/** Seconds since 1970 as senders write them, in milliseconds; null for anything else. */
export function readSeconds(text: string | null): number | null {
  return text !== null && /^\d{1,12}$/.test(text) ? Number(text) * 1_000 : null;
}

/** The bytes of an HMAC written in hexadecimal; null for anything else. */
export function readHex(text: string): Buffer | null {
  return /^(?:[\da-f]{64}|[\da-f]{128})$/i.test(text) ? Buffer.from(text, 'hex') : null;
}

/** The bytes of an HMAC written in base64; null for anything else. */
export function readBase64(text: string): Buffer | null {
  return /^(?:[A-Za-z\d+/]{43}=|[A-Za-z\d+/]{86}==)$/.test(text)
    ? Buffer.from(text, 'base64')
    : null;
}
