// Owns: that whatever was enrolled under a sealer key which has been revoked since cannot be used, from the moment that a
// node has the new ring. Leaves to sql-lineage.ts: disabling the rows for good, when the key is revoked.
import type { Credential, CredentialStore } from '../core/credential.ts';
import { viewed } from './credential-view.ts';

/**
 * The store, in which such credentials count as disabled. A session forged under a leaked key could have enrolled them, and
 * a node that had not heard of the revocation yet may have added one after the rows were looked through.
 */
export function withoutRevoked(store: CredentialStore, isRevoked: (kid: string) => boolean): CredentialStore {
  const asOfNow = (credential: Credential): Credential =>
    !credential.disabled && credential.lineage.some(isRevoked) ? { ...credential, disabled: true } : credential;
  return viewed(store, asOfNow);
}
