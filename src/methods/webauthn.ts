// Owns: proving a key that was enrolled: as a further factor, or alone by a passkey that says who the person is.
// Leaves to webauthn-ceremony.ts: signature, origin, flags; to the stores: that challenge and counter are used once.
import { createHash } from 'node:crypto';
import { generateAuthenticationOptions } from '@simplewebauthn/server';
import { type Account, type AccountId, type Directory, isUnavailable } from '../core/account.ts';
import type { AuthenticationEvent, MethodName } from '../core/authentication-event.ts';
import type { Credential, CredentialStore, WebauthnData } from '../core/credential.ts';
import { PENDING_CHALLENGE_SECONDS, type PendingChallenge } from '../core/login-context.ts';
import { REPEAT_GRACE_SECONDS, type SpentStore } from '../core/revocation.ts';
import type { Random } from '../lib/random.ts';
import { expired, unavailable, wrong } from './factor-attempt.ts';
import {
  enabledOf,
  type FactorContext,
  type FactorFailed,
  type FactorMethod,
  type FactorOutcome,
  type FactorReason,
  type FactorUnavailable,
  type FormFields,
} from './factor-method.ts';
import { type Assertion, checkAssertion } from './webauthn-ceremony.ts';
import {
  CHALLENGE_BYTES,
  isUserHandle,
  type PostedAssertion,
  readAssertion,
  type UserHandle,
  WEBAUTHN_FIELD,
  type WebauthnParty,
} from './webauthn-party.ts';

export interface WebauthnOptions {
  readonly party: WebauthnParty;
  readonly store: Pick<CredentialStore, 'takeWebauthnCounter' | 'findWebauthn'>;
  readonly spent: Pick<SpentStore, 'spend'>;
  readonly userHandle: UserHandle;
  readonly random: Random;
}

/** The first byte of what is pending: a challenge that was made for one question answers no other. */
const FOR_FACTOR = 1;
const FOR_SIGN_IN = 2;

/** Nodes' clocks apart: an answered challenge is remembered until none of them would take it any more. */
const SKEW_SECONDS = 60;

/** A key beside something that was proved before. Nothing is counted: a signature is not guessed. */
export function createWebauthnMethod(options: WebauthnOptions): FactorMethod {
  const { party, random, userHandle } = options;
  return {
    name: 'webauthn',
    kind: 'webauthn',
    usable: (enrolled) => enabledOf(enrolled, 'webauthn'),
    begin: async () => ({ kind: 'ready', pending: newChallenge(FOR_FACTOR, random) }),
    page: async ({ enrolled }, pending) => {
      const challenge = challengeOf(FOR_FACTOR, pending);
      const keys = enabledOf(enrolled, 'webauthn')
        .map(({ data }) => data)
        .filter(isWebauthn);
      if (challenge === null || keys.length === 0) return null;
      // Asking for it where a key cannot do it would shut that key out.
      const verification = keys.every((key) => key.userVerification) ? 'required' : 'preferred';
      return { kind: 'webauthn', options: await questionFor(party, challenge, keys, verification) };
    },
    verify: async ({ account, enrolled }, form, pending, context) => {
      const question = readAnswer(FOR_FACTOR, form, pending, context);
      if (typeof question === 'string') return failedBecause(account.id, question);
      const { posted } = question;
      // Another person's key is none of this account's, so nothing is looked up by what the browser says.
      const found = enabledOf(enrolled, 'webauthn').find(
        ({ data }) => isWebauthn(data) && data.credentialId === posted.id,
      );
      if (found === undefined) return wrong(account.id, 'not-enrolled');
      const { userHandle: said } = posted.response;
      if (typeof said === 'string' && !isUserHandle(said, userHandle(account.id))) {
        return wrong(account.id, 'refused-proof');
      }
      return prove(options, account, found, question, context, 'any');
    },
  };
}

/** Who came in without a name. `accountId`: null when it was nobody that is known. */
export type PasskeyOutcome =
  | { readonly kind: 'proved'; readonly account: Account; readonly event: AuthenticationEvent }
  | (Omit<FactorFailed, 'accountId' | 'because'> & {
      readonly accountId: AccountId | null;
      readonly because: FactorReason | 'disabled';
    })
  | FactorUnavailable;

/** Signing in with a passkey alone: the authenticator says who it is, and has verified them. */
export interface PasskeySignIn {
  /** What is sealed into the flow when the page is first shown. */
  readonly begin: () => Uint8Array;
  /** JSON for navigator.credentials.get, also with `mediation: conditional`; null: begin again. */
  readonly page: (pending: PendingChallenge) => Promise<string | null>;
  readonly verify: (
    form: FormFields,
    pending: PendingChallenge | null,
    context: FactorContext,
  ) => Promise<PasskeyOutcome>;
}

export function createPasskeySignIn(
  options: WebauthnOptions & { readonly directory: Pick<Directory, 'findById'> },
): PasskeySignIn {
  const { party, store, directory, random, userHandle } = options;
  return {
    begin: () => newChallenge(FOR_SIGN_IN, random),
    page: async (pending) => {
      const challenge = challengeOf(FOR_SIGN_IN, pending);
      // No key is named: whoever asks learns of nobody what they have enrolled.
      return challenge === null ? null : questionFor(party, challenge, [], 'required');
    },
    verify: async (form, pending, context) => {
      const question = readAnswer(FOR_SIGN_IN, form, pending, context);
      if (typeof question === 'string') return { ...failedBecause('', question), accountId: null };
      const { posted } = question;
      const known = await store.findWebauthn(posted.id);
      if (known !== null && isUnavailable(known)) return unavailable('store');
      if (known === null || known.credential.disabled) return { ...wrong('', 'not-enrolled'), accountId: null };
      const { accountId, credential } = known;
      // §7.2 step 6: without a name it is the handle that says who, and it must be the key's owner.
      const { userHandle: said } = posted.response;
      if (typeof said !== 'string' || !isUserHandle(said, userHandle(accountId))) {
        return wrong(accountId, 'refused-proof');
      }
      const account = await directory.findById(accountId, 'asked-now');
      if (account !== null && isUnavailable(account)) return unavailable('store');
      if (account === null) return wrong(accountId, 'not-enrolled');
      if (account.disabled) return { ...wrong(accountId, 'mismatch'), because: 'disabled' };
      return prove(options, account, credential, question, context, 'verified');
    },
  };
}

interface Question {
  readonly posted: PostedAssertion;
  readonly challenge: Uint8Array;
  readonly at: number;
}

type Unanswered = 'expired' | 'unusable-input';

function readAnswer(
  use: number,
  form: FormFields,
  pending: PendingChallenge | null,
  { now }: FactorContext,
): Question | Unanswered {
  if (pending === null || now >= pending.at + PENDING_CHALLENGE_SECONDS) return 'expired';
  const challenge = challengeOf(use, pending);
  if (challenge === null) return 'expired';
  const posted = readAssertion(form.get(WEBAUTHN_FIELD) ?? '');
  return posted === null ? 'unusable-input' : { posted, challenge, at: pending.at };
}

function failedBecause(accountId: AccountId, because: Unanswered): FactorFailed {
  return because === 'expired' ? expired(accountId) : wrong(accountId, because);
}

/** Judges the signature, then uses challenge and counter up: what proves nothing uses nothing up. */
async function prove(
  { party, store, spent }: WebauthnOptions,
  account: Account,
  { id, data }: Credential,
  { posted, challenge, at }: Question,
  { claimant, now }: FactorContext,
  wanted: 'any' | 'verified',
): Promise<FactorOutcome> {
  const asserted = isWebauthn(data) ? await checkAssertion(party, data, posted, challenge) : null;
  if (asserted === null || !isWebauthn(data)) return wrong(account.id, 'refused-proof');
  if (wanted === 'verified' && !asserted.userVerified) return wrong(account.id, 'refused-proof');
  const until = at + PENDING_CHALLENGE_SECONDS + REPEAT_GRACE_SECONDS + SKEW_SECONDS;
  const hash = createHash('sha256').update(challenge).digest();
  const first = await spent.spend('webauthn-challenge', hash, until, claimant, now);
  if (isUnavailable(first) || first === 'full') return unavailable('store');
  if (first === 'spent') return wrong(account.id, 'replayed');
  const taken = await store.takeWebauthnCounter(account.id, { id, counter: asserted.counter }, claimant, now);
  if (isUnavailable(taken) || taken === 'full') return unavailable('store');
  // A counter that did not grow: the key was copied, or its answers were (§6.1.1).
  if (taken === 'spent') return wrong(account.id, 'replayed');
  // The time of the challenge: an answer that was kept back is no fresher than its question.
  return { kind: 'proved', account, event: { method: provedMethod(data, asserted), credentialId: id, at } };
}

/** What this ceremony proved with this key. */
function provedMethod({ attested, backupEligible }: WebauthnData, { userVerified }: Assertion): MethodName {
  if (!userVerified) return 'webauthn';
  return attested && !backupEligible ? 'attested-key' : 'passkey';
}

function isWebauthn(data: Credential['data']): data is WebauthnData {
  return data.kind === 'webauthn';
}

function newChallenge(use: number, random: Random): Uint8Array {
  return Buffer.concat([Buffer.of(use), random(CHALLENGE_BYTES)]);
}

function challengeOf(use: number, pending: PendingChallenge | null): Uint8Array | null {
  if (pending === null || pending.data.length !== 1 + CHALLENGE_BYTES || pending.data[0] !== use) return null;
  return pending.data.subarray(1);
}

async function questionFor(
  party: WebauthnParty,
  challenge: Uint8Array,
  keys: readonly WebauthnData[],
  userVerification: 'required' | 'preferred',
): Promise<string> {
  const options = await generateAuthenticationOptions({
    rpID: party.id,
    challenge: Uint8Array.from(challenge),
    allowCredentials: keys.map(({ credentialId, transports }) => ({ id: credentialId, transports: [...transports] })),
    userVerification,
    timeout: PENDING_CHALLENGE_SECONDS * 1000,
  });
  // An empty list would be read as "none allowed" by some; left out it means "any".
  const { allowCredentials = [], ...rest } = options;
  return JSON.stringify(allowCredentials.length === 0 ? rest : { ...rest, allowCredentials });
}
