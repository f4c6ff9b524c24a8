// Owns: a node's keys and passkeys as they follow from its configuration. Leaves to methods/: what they are; to
// factors.ts: the stores that they stand on.
import type { Config } from '../config/config.ts';
import type { Directory } from '../core/account.ts';
import type { CredentialStore } from '../core/credential.ts';
import type { SpentStore } from '../core/revocation.ts';
import { readCertificates } from '../lib/certificates.ts';
import type { Random } from '../lib/random.ts';
import type { FactorEnrolment, FactorMethod } from '../methods/factor-method.ts';
import { createPasskeySignIn, createWebauthnMethod, type PasskeySignIn } from '../methods/webauthn.ts';
import { createWebauthnEnrolment } from '../methods/webauthn-enrol.ts';
import { userHandles, webauthnParty } from '../methods/webauthn-party.ts';
import type { StableSecret } from '../sealer/stable-secret.ts';

export interface WebauthnParts {
  readonly credentials: Pick<CredentialStore, 'takeWebauthnCounter' | 'findWebauthn'>;
  readonly spent: Pick<SpentStore, 'spend'>;
  readonly directory: Pick<Directory, 'findById'>;
  readonly stableSecret: Pick<StableSecret, 'derive'>;
  readonly random: Random;
}

export interface Webauthn {
  readonly method: FactorMethod;
  readonly enrolment: FactorEnrolment;
  readonly signIn: PasskeySignIn;
}

/** Null when it is switched off, and at an address in place of a name, where browsers refuse it. */
export function createWebauthn(
  { webauthn, publicUrl, serviceName }: Pick<Config, 'webauthn' | 'publicUrl' | 'serviceName'>,
  { credentials: store, spent, directory, stableSecret, random }: WebauthnParts,
): Webauthn | null {
  const party = webauthn.enabled ? webauthnParty(publicUrl, serviceName) : null;
  if (party === null) return null;
  // The stable secret's: authenticators keep a handle for years, and rotating a keyring must not make strangers of them.
  const userHandle = userHandles(stableSecret.derive('webauthn-user'));
  const options = { party, store, spent, userHandle, random };
  const roots = webauthn.attestationRoots.flatMap((pem) => readCertificates(pem) ?? []);
  return {
    method: createWebauthnMethod(options),
    enrolment: createWebauthnEnrolment({ party, userHandle, roots, random }),
    signIn: createPasskeySignIn({ ...options, directory }),
  };
}
