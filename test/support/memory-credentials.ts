// What people have enrolled, kept in memory by the rules of the port, for tests of methods and pages.
import type { AccountId } from '../../src/core/account.ts';
import type { Credential, CredentialSet, CredentialStore, TakeOnce } from '../../src/core/credential.ts';
import type { Spent } from '../../src/core/revocation.ts';

const GRACE_SECONDS = 20;

interface Row {
  credential: Credential;
  unusedHashes: Set<string>;
}

interface Person {
  version: number;
  rows: Row[];
}

export interface MemoryCredentials extends CredentialStore {
  /** From now on every question is an outage, or no longer. */
  readonly fail: (down: boolean) => void;
  /** What one person has, without asking the store. */
  readonly now: (accountId: AccountId) => CredentialSet;
  readonly disable: (accountId: AccountId, id: string) => void;
}

export function createMemoryCredentials(): MemoryCredentials {
  const people = new Map<AccountId, Person>();
  const taken = new Map<string, { readonly claimant: string | null; readonly at: number }>();
  let down = false;

  const person = (id: AccountId): Person => {
    const found = people.get(id) ?? { version: 0, rows: [] };
    people.set(id, found);
    return found;
  };
  const up = async <T>(answer: () => T): Promise<T | { readonly unavailable: true }> =>
    down ? { unavailable: true } : answer();
  const setOf = (id: AccountId): CredentialSet => {
    const { version, rows } = person(id);
    return { version, credentials: rows.map((row) => row.credential) };
  };
  const change = (id: AccountId, expected: number, act: (who: Person) => boolean) =>
    up(() => {
      const who = person(id);
      if (who.version !== expected) return 'changed';
      if (!act(who)) return 'missing';
      who.version += 1;
      return 'done';
    });
  const once = <What extends { readonly id: string }>(
    key: (what: What) => string,
    use: (row: Row, what: What) => Credential | null,
  ): TakeOnce<What> => {
    return (accountId, what, claimant, now) =>
      up((): Spent => {
        const row = person(accountId).rows.find(({ credential }) => credential.id === what.id && !credential.disabled);
        if (row === undefined) return 'spent';
        const place = `${accountId} ${what.id} ${key(what)}`;
        const used = use(row, what);
        if (used !== null) {
          row.credential = { ...used, lastUsedAt: now };
          taken.set(place, { claimant, at: now });
          return 'first';
        }
        const before = taken.get(place);
        const same = before !== undefined && claimant !== null && before.claimant === claimant;
        return same && now <= before.at + GRACE_SECONDS ? 'same-attempt' : 'spent';
      });
  };

  const isKnown = (credentialId: string): boolean =>
    [...people.values()].some(({ rows }) =>
      rows.some(({ credential: { data } }) => data.kind === 'webauthn' && data.credentialId === credentialId),
    );

  return {
    list: (id) => up(() => setOf(id)),
    findWebauthn: (credentialId) =>
      up(() => {
        for (const [accountId, { rows }] of people) {
          for (const { credential } of rows) {
            const { data } = credential;
            if (data.kind === 'webauthn' && data.credentialId === credentialId) return { accountId, credential };
          }
        }
        return null;
      }),
    add: async (id, credential, expected, recoveryHashes) => {
      if (credential.data.kind === 'webauthn' && isKnown(credential.data.credentialId)) return 'changed';
      return change(id, expected, (who) => {
        if (recoveryHashes !== undefined) {
          who.rows = who.rows.filter((row) => row.credential.data.kind !== 'recovery-codes');
        }
        const added = { ...credential, lastUsedAt: null, disabled: false };
        who.rows.push({ credential: added, unusedHashes: new Set(recoveryHashes) });
        return true;
      });
    },
    rename: (id, credentialId, label, expected) =>
      change(id, expected, ({ rows }) => {
        const row = rows.find(({ credential }) => credential.id === credentialId);
        if (row !== undefined) row.credential = { ...row.credential, label };
        return row !== undefined;
      }),
    remove: (id, credentialId, expected) =>
      change(id, expected, (who) => {
        const before = who.rows.length;
        who.rows = who.rows.filter(({ credential }) => credential.id !== credentialId);
        return who.rows.length < before;
      }),
    takeTotpStep: once(
      ({ step }: { readonly id: string; readonly step: number }) => String(step),
      ({ credential }, { step }) => {
        const { data } = credential;
        if (data.kind !== 'totp' || step <= data.lastStep) return null;
        return { ...credential, data: { ...data, lastStep: step } };
      },
    ),
    takeWebauthnCounter: once(
      ({ counter }: { readonly id: string; readonly counter: number }) => String(counter),
      ({ credential }, { counter }) => {
        const { data } = credential;
        if (data.kind !== 'webauthn') return null;
        const grew = counter > data.counter || (counter === 0 && data.counter === 0);
        return grew ? { ...credential, data: { ...data, counter } } : null;
      },
    ),
    takeRecoveryCode: once(
      ({ hash }: { readonly id: string; readonly hash: string }) => hash,
      ({ credential, unusedHashes }, { hash }) => {
        if (credential.data.kind !== 'recovery-codes' || !unusedHashes.delete(hash)) return null;
        return { ...credential, data: { kind: 'recovery-codes', remaining: unusedHashes.size } };
      },
    ),
    noteSentCodeUsed: async (id, credentialId, now) => {
      const row = down ? undefined : person(id).rows.find(({ credential }) => credential.id === credentialId);
      if (row === undefined || row.credential.disabled) return;
      const { kind } = row.credential.data;
      if (kind !== 'email' && kind !== 'sms') return;
      row.credential = { ...row.credential, lastUsedAt: Math.max(row.credential.lastUsedAt ?? 0, now) };
    },
    fail: (value) => {
      down = value;
    },
    now: setOf,
    disable: (id, credentialId) => {
      for (const row of person(id).rows) {
        if (row.credential.id === credentialId) row.credential = { ...row.credential, disabled: true };
      }
    },
  };
}
