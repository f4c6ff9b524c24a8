// Owns: showing what is enrolled otherwise than it was written down, wherever a store answers it. Leaves to each view: how.
import { isUnavailable } from '../core/account.ts';
import type { Credential, CredentialStore } from '../core/credential.ts';

/** The store, in which every credential that it answers is as `asOfNow` says. What is written goes through as it is. */
export function viewed(store: CredentialStore, asOfNow: (credential: Credential) => Credential): CredentialStore {
  return {
    ...store,
    list: async (accountId) => {
      const set = await store.list(accountId);
      return isUnavailable(set) ? set : { ...set, credentials: set.credentials.map(asOfNow) };
    },
    findWebauthn: async (credentialId) => {
      const found = await store.findWebauthn(credentialId);
      if (found === null || isUnavailable(found)) return found;
      return { ...found, credential: asOfNow(found.credential) };
    },
  };
}
