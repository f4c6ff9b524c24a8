// Owns: codes on paper for the day when everything else is lost: given ten at a time, each good once.
// Leaves to recovery-code.ts: what one looks like; to the credential store: that each is used once, and that new ones end
// the old ones.
import { isUnavailable } from '../core/account.ts';
import type { Credential, CredentialSet, CredentialStore } from '../core/credential.ts';
import type { Random } from '../lib/random.ts';
import { newCredentialId, packPending, unpackPending } from './credential-id.ts';
import { countedAttempt, expired, unavailable, wrong } from './factor-attempt.ts';
import {
  CODE_FIELD,
  ENROLMENT_SECONDS,
  enabledOf,
  type FactorContext,
  type FactorEnrolment,
  type FactorMethod,
  type FactorOutcome,
  type FactorSubject,
  KEPT_FIELD,
  type PendingEnrolment,
} from './factor-method.ts';
import { RECOVERY_SEED_BYTES, recoveryCodes, recoveryHash } from './recovery-code.ts';
import type { Throttle } from './throttle.ts';

export interface RecoveryCodesOptions {
  readonly store: Pick<CredentialStore, 'takeRecoveryCode'>;
  readonly throttle: Pick<Throttle, 'begin'>;
}

export function createRecoveryCodesMethod({ store, throttle }: RecoveryCodesOptions): FactorMethod {
  const check = async (
    { account }: FactorSubject,
    id: string,
    hash: string,
    { claimant, now }: FactorContext,
  ): Promise<FactorOutcome> => {
    const taken = await store.takeRecoveryCode(account.id, { id, hash }, claimant, now);
    if (isUnavailable(taken) || taken === 'full') return unavailable('store');
    // A used code and one that never was are the same to the store, which keeps unused ones only.
    if (taken === 'spent') return wrong(account.id, 'mismatch');
    return { kind: 'proved', account, event: { method: 'recovery-code', credentialId: id, at: now } };
  };

  return {
    name: 'recovery-code',
    kind: 'recovery-codes',
    usable,
    begin: async () => ({ kind: 'ready', pending: null }),
    page: async ({ enrolled }) => {
      const remaining = usable(enrolled).reduce((sum, { data }) => sum + remainingOf(data), 0);
      return { kind: 'recovery-code', remaining };
    },
    verify: async (subject, form, _pending, context) => {
      const { account, enrolled } = subject;
      // Not `usable`: a balancer's repeat of the request that took the last one finds none remaining.
      const [codes] = enabledOf(enrolled, 'recovery-codes');
      if (codes === undefined) return wrong(account.id, 'not-enrolled');
      const hash = recoveryHash(form.get(CODE_FIELD) ?? '', account.id, codes.id);
      // Not a guess, so nothing is counted.
      if (hash === null) return wrong(account.id, 'unusable-input');
      return countedAttempt(throttle, 'recovery-code', subject, context, () => check(subject, codes.id, hash, context));
    },
  };
}

function usable(enrolled: CredentialSet): readonly Credential[] {
  return enabledOf(enrolled, 'recovery-codes').filter(({ data }) => remainingOf(data) > 0);
}

function remainingOf(data: Credential['data']): number {
  return data.kind === 'recovery-codes' ? data.remaining : 0;
}

const SEED = { least: RECOVERY_SEED_BYTES, most: RECOVERY_SEED_BYTES } as const;

/**
 * The codes are shown first, and count once the person said that they kept them: an answer that got lost on the way leaves
 * the old codes as they were.
 */
export function createRecoveryCodesEnrolment(random: Random): FactorEnrolment {
  return {
    kind: 'recovery-codes',
    begin: async () => ({ kind: 'ready', pending: packPending(newCredentialId(random), random(RECOVERY_SEED_BYTES)) }),
    page: async (_subject, pending) => {
      const made = seedOf(pending);
      return made === null ? null : { kind: 'recovery-codes', codes: recoveryCodes(made.rest) };
    },
    confirm: async ({ account }, form, pending, { now }) => {
      if (now >= pending.at + ENROLMENT_SECONDS) return expired(account.id);
      const made = seedOf(pending);
      if (made === null) return wrong(account.id, 'unusable-input');
      if (!form.has(KEPT_FIELD)) {
        return { kind: 'failed', failure: { kind: 'not-kept' }, because: 'unusable-input', accountId: account.id };
      }
      const codes = recoveryCodes(made.rest);
      const recoveryHashes = codes
        .map((code) => recoveryHash(code, account.id, made.id))
        .filter((hash) => hash !== null);
      const data = { kind: 'recovery-codes', remaining: codes.length } as const;
      return { kind: 'enrolled', credential: { id: made.id, label: '', createdAt: now, data }, recoveryHashes };
    },
  };
}

function seedOf({ data }: PendingEnrolment) {
  return unpackPending(data, SEED);
}
