// A person at the methods, without HTTP: an account, a store, keys, a throttle and the hand that types.
import type { Account } from '../../src/core/account.ts';
import type { CodeSlot } from '../../src/core/one-time-code.ts';
import type { DataKeys } from '../../src/core/secrets-at-rest.ts';
import { systemRandom } from '../../src/lib/random.ts';
import type { EnrolmentOutcome, FactorContext, FactorEnrolment, FormFields } from '../../src/methods/factor-method.ts';
import { createThrottle, type Throttle } from '../../src/methods/throttle.ts';
import { createMemoryAttempts } from '../../src/state/memory-attempts.ts';
import { createMemoryCredentials, type MemoryCredentials } from '../support/memory-credentials.ts';

export const START = 1_800_000_000;
export const random = systemRandom();

export const anna: Account = {
  id: 'a-anna',
  loginName: 'anna',
  disabled: false,
  attributes: new Map(),
  groups: [],
};
export const ben: Account = { ...anna, id: 'a-ben', loginName: 'ben' };

export const slotOf = (account: Account, use: CodeSlot['use']): CodeSlot => ({ accountId: account.id, use });

export function at(now: number, claimant: string | null = null): FactorContext {
  return { now, address: '192.0.2.1', claimant, language: 'en' };
}

export function fields(values: Readonly<Record<string, string>>): FormFields {
  return new Map(Object.entries(values));
}

/** Nothing is hidden, but what was bound to one context opens in no other. `lose` makes everything unreadable. */
export function createPlainKeys(): Pick<DataKeys, 'encrypt' | 'decrypt'> & { readonly lose: (lost: boolean) => void } {
  let lost = false;
  return {
    encrypt: (context, plaintext) => JSON.stringify([context, Buffer.from(plaintext).toString('hex')]),
    decrypt: (context, text) => {
      const [bound, hex] = JSON.parse(text) as readonly [string, string];
      return lost || bound !== context ? null : Buffer.from(hex, 'hex');
    },
    lose: (value) => {
      lost = value;
    },
  };
}

export interface World {
  readonly store: MemoryCredentials;
  readonly keys: ReturnType<typeof createPlainKeys>;
  readonly throttle: Throttle;
}

export function createWorld(accountFailures = 1000): World {
  const throttle = createThrottle({
    policy: { enabled: true, accountFailures, deviceFailures: 10, addressFailures: 100_000, maxDelay: 60, window: 900 },
    store: createMemoryAttempts(1000),
    capacity: 1000,
    onAddressUnknown: () => {},
  });
  return { store: createMemoryCredentials(), keys: createPlainKeys(), throttle };
}

/** Begins, confirms with what `answer` makes of the page, and adds; returns the credential's id. */
export async function enrol(
  world: World,
  enrolment: FactorEnrolment,
  account: Account,
  now: number,
  answer: (pending: Uint8Array) => Readonly<Record<string, string>>,
  begin: Readonly<Record<string, string>> = {},
): Promise<string> {
  const subject = { account, enrolled: world.store.now(account.id) };
  const begun = await enrolment.begin(subject, fields(begin), at(now));
  if (begun.kind !== 'ready') throw new Error(`not begun: ${JSON.stringify(begun)}`);
  const pending = { data: begun.pending, at: now };
  const outcome = await enrolment.confirm(subject, fields(answer(begun.pending)), pending, at(now));
  return add(world, account, outcome);
}

export async function add(world: World, account: Account, outcome: EnrolmentOutcome): Promise<string> {
  if (outcome.kind !== 'enrolled') throw new Error(`not enrolled: ${JSON.stringify(outcome)}`);
  const { version } = world.store.now(account.id);
  const credential = { ...outcome.credential, lineage: [] };
  await world.store.add(account.id, credential, version, outcome.recoveryHashes ?? undefined);
  return outcome.credential.id;
}
