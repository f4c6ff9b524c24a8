// Owns: whether what a browser posted proves a key, now or for the first time: WebAuthn §7.1 and §7.2, by SimpleWebAuthn.
// Leaves to webauthn.ts: using challenge and counter up; to attestation-chain.ts: which makes are trusted.
// The library's refusals are exceptions with what was found in them; nothing of that leaves this file.
import { verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server';
import { decodeAttestationObject, isoCBOR } from '@simplewebauthn/server/helpers';
import { z } from 'zod';
import type { WebauthnData } from '../core/credential.ts';
import { decodeBase64url, encodeBase64url } from '../lib/base64url.ts';
import type { PostedAssertion, PostedAttestation, WebauthnParty } from './webauthn-party.ts';

/** EdDSA, ES256, RS256: what every browser and authenticator of today has (§5.8.5), best first. */
export const KEY_ALGORITHMS = [-8, -7, -257];

/** What an authenticator said under its key. */
export interface Assertion {
  /** It checked who the person is. */
  readonly userVerified: boolean;
  /** Not compared with anything here: only the store may judge it, since a balancer's repeat comes with the same one. */
  readonly counter: number;
}

/** §7.2. Null when it proves nothing, whatever the reason. */
export async function checkAssertion(
  party: WebauthnParty,
  { credentialId, publicKey, backupEligible }: WebauthnData,
  posted: PostedAssertion,
  challenge: Uint8Array,
): Promise<Assertion | null> {
  if (isFromElsewhere(posted.response.clientDataJSON)) return null;
  const key = decodeBase64url(publicKey);
  if (key === null || posted.id !== credentialId) return null;
  const { clientDataJSON, authenticatorData, signature } = posted.response;
  const checked = await orNull(() =>
    verifyAuthenticationResponse({
      response: { ...posted, response: { clientDataJSON, authenticatorData, signature }, clientExtensionResults: {} },
      expectedChallenge: encodeBase64url(challenge),
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      expectedType: 'webauthn.get',
      // What was verified stands in the result: it makes another proof, not a refusal.
      requireUserVerification: false,
      credential: { id: credentialId, publicKey: Uint8Array.from(key), counter: 0 },
    }),
  );
  if (checked === null || !checked.verified) return null;
  const { userVerified, newCounter, credentialDeviceType } = checked.authenticationInfo;
  // §7.2 step 18: eligibility is for life. A key that says otherwise is not the one that was enrolled.
  if ((credentialDeviceType === 'multiDevice') !== backupEligible) return null;
  return { userVerified, counter: newCounter };
}

/** A new key, with what the authenticator says of it. */
export interface Registration {
  readonly credentialId: string;
  readonly publicKey: string;
  readonly counter: number;
  readonly aaguid: string;
  readonly userVerified: boolean;
  readonly backupEligible: boolean;
  /** Certificates that vouch for the authenticator's make, leaf first; their signature is right, their root unknown. Or empty. */
  readonly attestation: readonly Uint8Array[];
}

/**
 * §7.1. Null when it proves nothing. `wantAttestation`: a packed attestation is checked. Every other one, and every one where
 * it is not wanted, counts as none (§7.1 step 22 leaves that to the party): parsers of formats that nobody here trusts, and
 * what they would fetch from addresses in certificates, are not reached.
 */
export async function checkRegistration(
  party: WebauthnParty,
  posted: PostedAttestation,
  challenge: Uint8Array,
  wantAttestation: boolean,
): Promise<Registration | null> {
  const { clientDataJSON, attestationObject } = posted.response;
  if (isFromElsewhere(clientDataJSON)) return null;
  const read = readAttestationObject(attestationObject, wantAttestation);
  if (read === null) return null;
  const checked = await orNull(() =>
    verifyRegistrationResponse({
      response: {
        ...posted,
        response: { clientDataJSON, attestationObject: encodeBase64url(read.object) },
        clientExtensionResults: {},
      },
      expectedChallenge: encodeBase64url(challenge),
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      expectedType: 'webauthn.create',
      requireUserVerification: false,
      supportedAlgorithmIDs: KEY_ALGORITHMS,
    }),
  );
  if (checked === null || !checked.verified) return null;
  const { credential, aaguid, userVerified, credentialDeviceType } = checked.registrationInfo;
  // What the authenticator signed counts, not what the page said beside it.
  if (credential.id !== posted.id) return null;
  return {
    credentialId: credential.id,
    publicKey: encodeBase64url(credential.publicKey),
    counter: credential.counter,
    aaguid,
    userVerified,
    backupEligible: credentialDeviceType === 'multiDevice',
    attestation: read.chain,
  };
}

type CborValue = Parameters<typeof isoCBOR.encode>[0];

const clientData = z.object({ crossOrigin: z.literal(false).nullish(), topOrigin: z.undefined().optional() });

/** Nobody is asked inside a frame of another site (§13.4.9); the library accepts it when the browser does not name that site. */
function isFromElsewhere(clientDataJSON: string): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(decodeBase64url(clientDataJSON) ?? new Uint8Array());
    return !clientData.safeParse(JSON.parse(text)).success;
  } catch {
    return true;
  }
}

function readAttestationObject(
  posted: string,
  wantAttestation: boolean,
): { readonly object: Uint8Array; readonly chain: readonly Uint8Array[] } | null {
  const bytes = decodeBase64url(posted);
  if (bytes === null) return null;
  try {
    const object = decodeAttestationObject(Uint8Array.from(bytes));
    const chain = object.get('attStmt').get('x5c') ?? [];
    if (wantAttestation && object.get('fmt') === 'packed') return { object: bytes, chain };
    const none: Map<string | number, CborValue> = new Map<string, CborValue>([
      ['fmt', 'none'],
      ['attStmt', new Map<string | number, CborValue>()],
      ['authData', object.get('authData')],
    ]);
    return { object: isoCBOR.encode(none), chain: [] };
  } catch {
    return null;
  }
}

async function orNull<T>(check: () => Promise<T>): Promise<T | null> {
  try {
    return await check();
  } catch {
    return null;
  }
}
