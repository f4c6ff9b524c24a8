// Owns: what a person has enrolled beside the directory's password, and the port of the store that keeps it.
// Leaves to methods/: what a proof is; to directories/: where the rows are. Secrets in here are encrypted at rest.
import type { EpochSeconds } from '../lib/clock.ts';
import type { AccountId, DirectoryUnavailable } from './account.ts';
import type { Spent } from './revocation.ts';

export type CredentialKind = CredentialData['kind'];

/** What each kind keeps. */
export type CredentialData =
  /** `secret`: encrypted under the data keyring; context: account id and credential id. `lastStep`: the newest step used. */
  | { readonly kind: 'totp'; readonly secret: string; readonly lastStep: number }
  | WebauthnData
  /** Hashes are asked for one at a time, never listed. */
  | { readonly kind: 'recovery-codes'; readonly remaining: number }
  | { readonly kind: 'email' | 'sms'; readonly destination: string };

export interface WebauthnData {
  readonly kind: 'webauthn';
  /** As the authenticator spells it, base64url. */
  readonly credentialId: string;
  /** COSE key, base64url. */
  readonly publicKey: string;
  readonly counter: number;
  readonly transports: readonly string[];
  readonly aaguid: string;
  /** The authenticator checked the person (PIN, fingerprint) at enrolment. */
  readonly userVerification: boolean;
  /** It may be copied to other devices, so it is never AAL3. */
  readonly backupEligible: boolean;
  /** Its make was proved to a configured root. */
  readonly attested: boolean;
  /** It can be found without a login name. */
  readonly discoverable: boolean;
}

/** One thing enrolled by one person. */
export interface Credential {
  /** 12 characters of base64url, random; what an authentication event names. */
  readonly id: string;
  /** The person's own name for it, 1..64 characters; empty where there is one of a kind. */
  readonly label: string;
  readonly createdAt: EpochSeconds;
  readonly lastUsedAt: EpochSeconds | null;
  readonly data: CredentialData;
  /** Ids of the sealer keys of the session that enrolled it: revoking one disables it. */
  readonly lineage: readonly string[];
  readonly disabled: boolean;
}

/** All that one person has enrolled; `version` changes with every addition, renaming or removal. */
export interface CredentialSet {
  readonly version: number;
  readonly credentials: readonly Credential[];
}

/** changed: somebody else changed the set since it was read; nothing was written. */
export type CredentialChange = 'done' | 'changed' | 'missing';

/** Where enrolments are kept. Every answer may be an outage, which is never read as "nothing enrolled". */
export interface CredentialStore {
  readonly list: (accountId: AccountId) => Promise<CredentialSet | DirectoryUnavailable>;
  /** For sign-in without a name. */
  readonly findWebauthn: (
    credentialId: string,
  ) => Promise<{ readonly accountId: AccountId; readonly credential: Credential } | null | DirectoryUnavailable>;
  /** `recoveryHashes` come with recovery codes only (base64url of SHA-256), and replace the earlier ones. */
  readonly add: (
    accountId: AccountId,
    credential: Omit<Credential, 'lastUsedAt' | 'disabled'>,
    expectedVersion: number,
    recoveryHashes?: readonly string[],
  ) => Promise<CredentialChange | DirectoryUnavailable>;
  readonly rename: (
    accountId: AccountId,
    id: string,
    label: string,
    expectedVersion: number,
  ) => Promise<CredentialChange | DirectoryUnavailable>;
  readonly remove: (
    accountId: AccountId,
    id: string,
    expectedVersion: number,
  ) => Promise<CredentialChange | DirectoryUnavailable>;
  /** Each step of a TOTP credential once, and none older than the newest used: one conditional update. */
  readonly takeTotpStep: TakeOnce<{ readonly id: string; readonly step: number }>;
  /** The counter must have grown, or both be 0 (authenticators without one). */
  readonly takeWebauthnCounter: TakeOnce<{ readonly id: string; readonly counter: number }>;
  /** One unused code by its hash. */
  readonly takeRecoveryCode: TakeOnce<{ readonly id: string; readonly hash: string }>;
  /** A code that was sent to it was right: for the person to look at, so nobody needs the answer. Never an earlier time. */
  readonly noteSentCodeUsed: (accountId: AccountId, id: string, now: EpochSeconds) => Promise<void>;
}

/**
 * Uses something up, atomically over all nodes. `claimant`: the trusted proxy's request id; the same one within 20 s is
 * the same attempt (a balancer's repeat). 'spent' also when there is nothing such.
 */
export type TakeOnce<What> = (
  accountId: AccountId,
  what: What,
  claimant: string | null,
  now: EpochSeconds,
) => Promise<Spent | DirectoryUnavailable>;
