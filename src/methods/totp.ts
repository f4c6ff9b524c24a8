// Owns: whether a typed code is one of this person's authenticator apps', now and for the first time.
// Leaves to totp-code.ts: the arithmetic; to the credential store: that a step is used once; to throttle.ts: how often.
import { type AccountId, isUnavailable } from '../core/account.ts';
import type { Credential, CredentialStore } from '../core/credential.ts';
import { type DataKeys, secretContext } from '../core/secrets-at-rest.ts';
import { countedAttempt, unavailable, wrong } from './factor-attempt.ts';
import {
  CODE_FIELD,
  enabledOf,
  type FactorContext,
  type FactorMethod,
  type FactorOutcome,
  type FactorSubject,
} from './factor-method.ts';
import type { Throttle } from './throttle.ts';
import { matchingSteps, TOTP_DIGITS } from './totp-code.ts';
import { readDigits } from './typed-code.ts';

export interface TotpOptions {
  readonly store: Pick<CredentialStore, 'takeTotpStep'>;
  readonly keys: Pick<DataKeys, 'decrypt'>;
  readonly throttle: Pick<Throttle, 'begin'>;
}

export function createTotpMethod({ store, keys, throttle }: TotpOptions): FactorMethod {
  const check = async (
    { account }: FactorSubject,
    apps: readonly Credential[],
    code: string,
    { claimant, now }: FactorContext,
  ): Promise<FactorOutcome> => {
    let unreadable = 0;
    let replayed = false;
    for (const app of apps) {
      const secret = secretOf(keys, account.id, app);
      if (secret === null) unreadable += 1;
      else {
        // The row's own newest step is not looked at here: a balancer's repeat finds it advanced by its first try.
        for (const step of matchingSteps(secret, code, now)) {
          const taken = await store.takeTotpStep(account.id, { id: app.id, step }, claimant, now);
          if (isUnavailable(taken) || taken === 'full') return unavailable('store');
          if (taken !== 'spent') {
            return { kind: 'proved', account, event: { method: 'totp', credentialId: app.id, at: now } };
          }
          replayed = true;
        }
      }
    }
    // Only when no guess was judged at all: otherwise one unreadable row would make guessing at the others free.
    if (unreadable === apps.length) return unavailable('data-keys');
    return wrong(account.id, replayed ? 'replayed' : 'mismatch');
  };

  return {
    name: 'totp',
    kind: 'totp',
    usable: (enrolled) => enabledOf(enrolled, 'totp'),
    begin: async () => ({ kind: 'ready', pending: null }),
    page: async () => ({ kind: 'totp', digits: TOTP_DIGITS }),
    verify: async (subject, form, _pending, context) => {
      const { account, enrolled } = subject;
      const apps = enabledOf(enrolled, 'totp');
      if (apps.length === 0) return wrong(account.id, 'not-enrolled');
      const code = readDigits(form.get(CODE_FIELD) ?? '', TOTP_DIGITS);
      // Not a guess, so nothing is counted.
      if (code === null) return wrong(account.id, 'unusable-input');
      return countedAttempt(throttle, 'totp', subject, context, () => check(subject, apps, code, context));
    },
  };
}

function secretOf(keys: Pick<DataKeys, 'decrypt'>, accountId: AccountId, { id, data }: Credential): Uint8Array | null {
  return data.kind === 'totp' ? keys.decrypt(secretContext(accountId, id, 'totp-secret'), data.secret) : null;
}
