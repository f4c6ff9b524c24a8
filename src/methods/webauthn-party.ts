// Owns: what a WebAuthn ceremony is bound to, and what the browser posts of one, read strictly. W3C Web Authentication L3.
// Leaves to webauthn-ceremony.ts: whether it proves anything.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { z } from 'zod';
import type { AccountId } from '../core/account.ts';
import { decodeBase64url } from '../lib/base64url.ts';

/** The field with the JSON of what the browser's authenticator answered. */
export const WEBAUTHN_FIELD = 'webauthn';

export const CHALLENGE_BYTES = 32;

/** Who asks, as authenticators know us. From the configuration only, never from a request. */
export interface WebauthnParty {
  /** The host of the public address. Credentials are made for it: with another one all are lost. */
  readonly id: string;
  readonly origin: string;
  /** What authenticators show. */
  readonly name: string;
}

/** Null where browsers refuse WebAuthn: an address is no domain (§5.1.3). */
export function webauthnParty(publicUrl: string, name: string): WebauthnParty | null {
  const { hostname, origin } = new URL(publicUrl);
  return isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? { id: hostname, origin, name } : null;
}

/** What authenticators keep to tell accounts apart: 32 bytes that say nothing to anybody else (§14.6.1). */
export type UserHandle = (accountId: AccountId) => Buffer;

/** `key`: 32 bytes that are the same on all nodes and never change. */
export function userHandles(key: Uint8Array): UserHandle {
  return (accountId) => createHmac('sha256', key).update(accountId).digest();
}

/** Whether what an authenticator said is this account's. */
export function isUserHandle(said: string, expected: Buffer): boolean {
  const bytes = decodeBase64url(said);
  return bytes !== null && bytes.length === expected.length && timingSafeEqual(bytes, expected);
}

/** An attestation with certificates has a few thousand characters. */
const POSTED_MAX = 32_768;
/** §4: a credential id has at most 1,023 bytes. */
const CREDENTIAL_ID_MAX = 1364;

const bytes = z
  .string()
  .max(POSTED_MAX)
  .refine((text) => text !== '' && decodeBase64url(text) !== null);
const credentialId = bytes.max(CREDENTIAL_ID_MAX);

// Unknown fields are dropped: browsers send more than is looked at.
const assertion = z.object({
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: bytes,
    authenticatorData: bytes,
    signature: bytes,
    userHandle: bytes.nullish(),
  }),
});

const attestation = z.object({
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: bytes,
    attestationObject: bytes,
    transports: z
      .array(z.string().regex(/^[a-z-]{1,16}$/))
      .max(8)
      .nullish(),
  }),
  clientExtensionResults: z.object({ credProps: z.object({ rk: z.boolean().nullish() }).nullish() }).nullish(),
});

export type PostedAssertion = z.output<typeof assertion>;
export type PostedAttestation = z.output<typeof attestation>;

/** The answer to navigator.credentials.get; null when it is anything else. */
export function readAssertion(text: string): PostedAssertion | null {
  return read(assertion, text);
}

/** The answer to navigator.credentials.create; null when it is anything else. */
export function readAttestation(text: string): PostedAttestation | null {
  return read(attestation, text);
}

function read<T>(schema: z.ZodType<T>, text: string): T | null {
  if (text.length > POSTED_MAX) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const found = schema.safeParse(value);
  return found.success ? found.data : null;
}
