// Owns: how a person comes to have a key: the question to the browser, and what is kept of the answer.
// Leaves to webauthn-ceremony.ts: whether the answer is good; to web/: that it counts once, and adding it to the store.
import type { X509Certificate } from 'node:crypto';
import { generateRegistrationOptions } from '@simplewebauthn/server';
import type { WebauthnData } from '../core/credential.ts';
import type { Random } from '../lib/random.ts';
import { leadsToRoot } from './attestation-chain.ts';
import { newCredentialId, packPending, unpackPending } from './credential-id.ts';
import { expired, wrong } from './factor-attempt.ts';
import {
  CREDENTIALS_PER_KIND,
  ENROLMENT_SECONDS,
  type FactorEnrolment,
  LABEL_FIELD,
  type PendingEnrolment,
} from './factor-method.ts';
import { readLabel } from './typed-code.ts';
import { checkRegistration, KEY_ALGORITHMS } from './webauthn-ceremony.ts';
import {
  CHALLENGE_BYTES,
  readAttestation,
  type UserHandle,
  WEBAUTHN_FIELD,
  type WebauthnParty,
} from './webauthn-party.ts';

export interface WebauthnEnrolmentOptions {
  readonly party: WebauthnParty;
  readonly userHandle: UserHandle;
  /** Makers whose keys may reach AAL3. Empty: no attestation is asked for, and none is looked at. */
  readonly roots: readonly X509Certificate[];
  readonly random: Random;
}

const CHALLENGE = { least: CHALLENGE_BYTES, most: CHALLENGE_BYTES } as const;

export function createWebauthnEnrolment(options: WebauthnEnrolmentOptions): FactorEnrolment {
  const { party, userHandle, roots, random } = options;
  const wantAttestation = roots.length > 0;
  return {
    kind: 'webauthn',
    begin: async ({ account, enrolled }) => {
      if (enrolled.credentials.filter(({ data }) => data.kind === 'webauthn').length >= CREDENTIALS_PER_KIND) {
        return { kind: 'failed', failure: { kind: 'too-many' }, because: 'too-many', accountId: account.id };
      }
      return { kind: 'ready', pending: packPending(newCredentialId(random), random(CHALLENGE_BYTES)) };
    },
    page: async ({ account, enrolled }, pending) => {
      const challenge = challengeOf(pending)?.rest;
      if (challenge === undefined) return null;
      const question = await generateRegistrationOptions({
        rpID: party.id,
        rpName: party.name,
        userID: Uint8Array.from(userHandle(account.id)),
        userName: account.loginName,
        challenge: Uint8Array.from(challenge),
        timeout: ENROLMENT_SECONDS * 1000,
        attestationType: wantAttestation ? 'direct' : 'none',
        // The same authenticator twice would be a factor twice in name only.
        excludeCredentials: enrolled.credentials.flatMap(({ data }) =>
          data.kind === 'webauthn' ? [{ id: data.credentialId, transports: [...data.transports] }] : [],
        ),
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
        supportedAlgorithmIDs: KEY_ALGORITHMS,
      });
      return { kind: 'webauthn', options: JSON.stringify(question) };
    },
    confirm: async ({ account }, form, pending, { now }) => {
      if (now >= pending.at + ENROLMENT_SECONDS) return expired(account.id);
      const made = challengeOf(pending);
      const posted = readAttestation(form.get(WEBAUTHN_FIELD) ?? '');
      if (made === null || posted === null) return wrong(account.id, 'unusable-input');
      const registered = await checkRegistration(party, posted, made.rest, wantAttestation);
      if (registered === null) return wrong(account.id, 'refused-proof');
      const { attestation, userVerified, ...key } = registered;
      const data: WebauthnData = {
        kind: 'webauthn',
        ...key,
        transports: posted.response.transports ?? [],
        userVerification: userVerified,
        attested: leadsToRoot(attestation, roots, now),
        // The browser's word only: it decides what the page offers, never what is proved.
        discoverable: posted.clientExtensionResults?.credProps?.rk === true,
      };
      const label = readLabel(form.get(LABEL_FIELD) ?? '');
      return { kind: 'enrolled', credential: { id: made.id, label, createdAt: now, data }, recoveryHashes: null };
    },
  };
}

function challengeOf({ data }: PendingEnrolment) {
  return unpackPending(data, CHALLENGE);
}
