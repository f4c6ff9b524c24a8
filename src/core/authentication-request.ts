// Owns: what one relying party asked for, whatever it spoke. Plain data: it is sealed into the login cookie.
import type { EpochSeconds } from '../lib/clock.ts';
import type { AssuranceLevel } from './assurance.ts';
import type { Language } from './language.ts';

/** Protocols by the number that stands in sealed values: append only. `account`: the account's own pages ask. */
export const PROTOCOL_NUMBERS = { saml: 1, oidc: 2, cas: 3, account: 4 } as const satisfies Record<string, number>;
export type ProtocolName = keyof typeof PROTOCOL_NUMBERS;

/** `saml:` entityID, `oidc:` client_id, `cas:` registered service, or `account:`. */
export type RelyingPartyKey = `${ProtocolName | 'cas'}:${string}`;

/** What the protocol's adapter needs to answer: its own bytes, opaque to everybody else. Any node may finish. */
export interface PendingAnswer {
  readonly protocol: ProtocolName;
  /** Deterministic CBOR that the adapter wrote and will read strictly. */
  readonly data: Uint8Array;
}

/** Who the relying party expects. */
export type SubjectHint =
  | { readonly kind: 'none' }
  /** A login name to fill in. */
  | { readonly kind: 'suggested'; readonly loginName: string }
  /** The answer must be about this subject; only the adapter can compare it with an account. */
  | { readonly kind: 'required' };

export interface AuthenticationRequest {
  readonly relyingParty: RelyingPartyKey;
  /** Levels that satisfy it, best first; empty means any. 'required': nothing else will do. */
  readonly assurance: { readonly accepted: readonly AssuranceLevel[]; readonly binding: 'required' | 'preferred' };
  /** ForceAuthn, prompt=login, renew: only proofs given in this flow count. */
  readonly forceAuthn: boolean;
  /** max_age in seconds, counted back from `receivedAt`, so a slow login does not expire itself. */
  readonly maxAge: number | null;
  /** IsPassive, prompt=none, gateway: no page may be shown. */
  readonly passive: boolean;
  /** prompt=consent: the person is asked to agree, whatever the party's setting and whatever is on record. */
  readonly askConsent: boolean;
  readonly subject: SubjectHint;
  /** What its people read on the way (ui_locales, locale); null: it leaves that to their browsers. */
  readonly language: Language | null;
  readonly receivedAt: EpochSeconds;
  readonly answerTo: PendingAnswer;
}
