// Owns: that no key counts as attested where no maker is trusted any more, whatever was written down when it was enrolled.
// Leaves to methods/webauthn-enrol.ts: judging a maker's word, once, when a key is enrolled.
import type { Credential, CredentialStore } from '../core/credential.ts';
import { viewed } from './credential-view.ts';

/**
 * The store, in which every key is one of an unknown maker. Such a key proves what a passkey proves: it goes on being asked
 * for as one, and reaches no AAL3.
 */
export function withoutAttestation(store: CredentialStore): CredentialStore {
  const asOfNow = (credential: Credential): Credential =>
    credential.data.kind === 'webauthn' && credential.data.attested
      ? { ...credential, data: { ...credential.data, attested: false } }
      : credential;
  return viewed(store, asOfNow);
}
