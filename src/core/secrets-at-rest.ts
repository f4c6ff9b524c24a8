// Owns: the ports for secrets that stand in a database (a TOTP secret), encrypted under the data keyring, and the job that
// moves them to its newest key. Leaves to sealer/: keys and bytes; to the store: where the rows are.
// Format: docs/sealed-values.md, Secrets at rest. They are no sealed values: nothing of the sealer's keyring touches them.
import type { AccountId } from './account.ts';

/** Encrypts what a store keeps. An encrypted secret never expires: it is readable for as long as its key is in the ring. */
export interface DataKeys {
  /**
   * Text of at most 1,474 characters, under the newest key that every node has.
   * @throws RangeError for a secret over 1,024 bytes or a context that {@link secretContext} would not make.
   */
  readonly encrypt: (context: string, plaintext: Uint8Array) => string;
  /**
   * The secret; every failure is the same null. Null is never "nothing enrolled": a row is there and cannot be read, so
   * the caller answers as in an outage.
   */
  readonly decrypt: (context: string, text: string) => Uint8Array | null;
  /** The key that a text says it is under, 16 hex digits; null when it is no encrypted secret. Needs no key. */
  readonly kidOf: (text: string) => string | null;
  /** The key that new secrets are encrypted under. */
  readonly primaryKid: () => string;
  /** The first 12 characters of every text under this key, and of no other. */
  readonly prefixOf: (kid: string) => string;
}

/** What kind of secret it is. Append only: the word is authenticated with every secret. */
export type SecretField = 'totp-secret';

/**
 * What a secret is bound to: copied to another row, account or field it does not decrypt.
 * A credential's id is base64url and the field one of a list, so no two of these run together into the same text.
 */
export function secretContext(accountId: AccountId, credentialId: string, field: SecretField): string {
  if (!/^[\w-]{1,64}$/.test(credentialId)) throw new RangeError('a credential id is base64url');
  return `${field}\0${credentialId}\0${accountId}`;
}

/** One encrypted secret where it stands. */
export interface StoredSecret {
  /** Where: a text that no other secret of this store has, and the order in which they are handed out. */
  readonly place: string;
  readonly accountId: AccountId;
  readonly credentialId: string;
  readonly field: SecretField;
  readonly text: string;
}

/** The store cannot be asked now. The message is for an operator and holds nothing of a secret. */
export class SecretsUnavailableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SecretsUnavailableError';
  }
}

/**
 * What a store that keeps encrypted secrets offers to whoever changes their keys.
 * The first 12 characters of a text stand for its key and nothing else, so a query can group and filter by them.
 * Outages are thrown, as {@link SecretsUnavailableError}: the job ends there, and begins again where it was.
 */
export interface ReencryptableSecrets {
  /** How many secrets have which first 12 characters. All rows count, those of disabled credentials and accounts too. */
  readonly countByPrefix: () => Promise<ReadonlyMap<string, number>>;
  /** At most `limit` secrets whose first 12 characters are others, by ascending place, from behind `after` on. */
  readonly next: (notPrefix: string, after: string | null, limit: number) => Promise<readonly StoredSecret[]>;
  /**
   * One conditional update: only if the row still holds exactly `secret.text`. Whether it did. It must change nothing
   * else of the row and no version: nobody who is enrolling or signing in meanwhile may notice.
   */
  readonly replace: (secret: StoredSecret, text: string) => Promise<boolean>;
}

export interface ReencryptOptions {
  /** Secrets that are read at a time. */
  readonly batch: number;
  /** Decrypts everything and writes nothing. */
  readonly dryRun: boolean;
  readonly onProgress: (progress: ReencryptProgress) => void;
}

export interface ReencryptProgress {
  /** Written; in a dry run: would be. */
  readonly reencrypted: number;
  /** Changed by somebody else meanwhile, or gone; nothing of theirs was overwritten. */
  readonly changedMeanwhile: number;
  /** No key of this ring opens them; they were left as they are. */
  readonly unreadable: number;
}

/**
 * Encrypts every secret that is not under the primary key under it.
 * It keeps no state: what is done already is not handed out again, so it may be ended at any moment, begun again, and run
 * twice at once. Sign-ins and enrolments go on meanwhile; a row that they change is left to them.
 */
export async function reencryptSecrets(
  secrets: ReencryptableSecrets,
  keys: DataKeys,
  { batch, dryRun, onProgress }: ReencryptOptions,
): Promise<ReencryptProgress> {
  const done = { reencrypted: 0, changedMeanwhile: 0, unreadable: 0 };
  const current = keys.prefixOf(keys.primaryKid());
  let after: string | null = null;
  while (true) {
    const page: readonly StoredSecret[] = await secrets.next(current, after, batch);
    for (const secret of page) {
      const outcome = await reencryptOne(secrets, keys, secret, dryRun);
      done[outcome] += 1;
      // Behind what could not be read too, so that it does not come again and again.
      after = secret.place;
    }
    if (page.length > 0) onProgress({ ...done });
    if (page.length < batch) return { ...done };
  }
}

async function reencryptOne(
  secrets: ReencryptableSecrets,
  keys: DataKeys,
  secret: StoredSecret,
  dryRun: boolean,
): Promise<keyof ReencryptProgress> {
  const context = secretContext(secret.accountId, secret.credentialId, secret.field);
  const plaintext = keys.decrypt(context, secret.text);
  if (plaintext === null) return 'unreadable';
  if (dryRun) return 'reencrypted';
  const text = keys.encrypt(context, plaintext);
  plaintext.fill(0);
  return (await secrets.replace(secret, text)) ? 'reencrypted' : 'changedMeanwhile';
}
