// Owns: client secrets as they are kept: never themselves. Leaves to protocols/oidc: when one is asked for.
import { createHash, timingSafeEqual } from 'node:crypto';
import { decodeBase64url, encodeBase64url } from '../lib/base64url.ts';
import type { Random } from '../lib/random.ts';

/** Shorter ones could be guessed from the hash; generated ones have 43. */
export const CLIENT_SECRET_MIN_CHARACTERS = 32;
export const CLIENT_SECRET_MAX_CHARACTERS = 512;

const FORM = /^sha256\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/;

/** 256 random bits, base64url. */
export function newClientSecret(random: Random): string {
  return encodeBase64url(random(32));
}

/**
 * `sha256$SALT$HASH`, base64url. One hash, not a slow one: a secret is long and made by a machine, so there is nothing to
 * guess, and it is checked on every token request.
 */
export function hashClientSecret(secret: string, random: Random): string {
  const salt = random(16);
  return `sha256$${encodeBase64url(salt)}$${encodeBase64url(digest(salt, secret))}`;
}

export function isClientSecretHash(text: string): boolean {
  return FORM.test(text);
}

/** Compares in constant time; false for anything that is no hash. */
export function matchesClientSecret(secret: string, kept: string): boolean {
  const [, salt, hash] = FORM.exec(kept) ?? [];
  const saltBytes = salt === undefined ? null : decodeBase64url(salt);
  const hashBytes = hash === undefined ? null : decodeBase64url(hash);
  if (saltBytes === null || hashBytes === null || secret.length > CLIENT_SECRET_MAX_CHARACTERS) return false;
  return timingSafeEqual(digest(saltBytes, secret), hashBytes);
}

function digest(salt: Uint8Array, secret: string): Buffer {
  return createHash('sha256').update(salt).update(secret, 'utf8').digest();
}
