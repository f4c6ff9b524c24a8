// Owns: answering a SAML party: a signed Response with an assertion, or with a status.
// Leaves to person-names.ts: how the person is called. Leaves to the caller: single use of the request's ID.

import { type AuthenticationEvent, newestOf } from '../../core/authentication-event.ts';
import type { PendingAnswer } from '../../core/authentication-request.ts';
import type { Authenticated, AuthenticationResult } from '../../core/authentication-result.ts';
import { shownAddress } from '../../core/consent.ts';
import type { Answer, ProtocolAdapter, Refused } from '../../core/protocol-adapter.ts';
import type { Clock, EpochSeconds } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import type { PartyRegistry } from '../../parties/party-registry.ts';
import { assertionElement, issuerElement } from '../../saml/assertion.ts';
import { nameIdElement } from '../../saml/name-id.ts';
import { NS } from '../../saml/names.ts';
import type { Sealer } from '../../sealer/seal.ts';
import type { StableSecret } from '../../sealer/stable-secret.ts';
import { element, type Fragment, type XmlElement } from '../../xml/build.ts';
import { encryptElement } from '../../xml/encrypt.ts';
import { signElement } from '../../xml/sign.ts';
import { CONTEXT_CLASSES, type ContextClass, provedClass } from './authn-context.ts';
import { decodePending, type PendingSaml, subjectDigest } from './pending-answer.ts';
import { createPersonNames, type NamedPerson } from './person-names.ts';
import type { PreparedParties, PreparedParty } from './prepared-party.ts';
import { type Addressee, createResponder, newId } from './respond.ts';
import { protocolError, refusedWithPage, SAML_ERRORS, type SamlErrorCode } from './saml-errors.ts';
import { REFUSAL_STATUS } from './status.ts';

export interface SamlAdapterDeps {
  /** Of this identity provider. */
  readonly entityId: string;
  readonly registry: Pick<PartyRegistry, 'find' | 'findByHash'>;
  readonly prepared: PreparedParties;
  readonly sealer: Sealer;
  readonly stableSecret: StableSecret;
  /** The full kid in the ring that begins with these two bytes; null when there is none. */
  readonly kidByPrefix: (prefix: Uint8Array) => string | null;
  readonly clock: Clock;
  readonly random: Random;
  /** Seconds from NotBefore to NotOnOrAfter, at most 300. */
  readonly assertionLifetime: number;
  /** How far clocks may be apart, in seconds: NotBefore lies that long in the past. */
  readonly skew: number;
  /** Absolute lifetime of a session in seconds, for SessionNotOnOrAfter. */
  readonly sessionAbsolute: number;
  /** How far an IssueInstant may be from now, in seconds: so long a request's ID must be remembered. */
  readonly issueInstantSkew: number;
  /** Domain of subject-id and pairwise-id. */
  readonly scope: string;
}

/** What must be claimed before a request is answered, so that it is answered to one flow or session only. */
export interface RequestClaim {
  /** Party and ID together: parties choose IDs, and may choose the same. */
  readonly id: string;
  /** When the request would be too old anyway. */
  readonly until: EpochSeconds;
}

export interface SamlAdapter extends ProtocolAdapter {
  readonly protocol: 'saml';
  /** An assertion is signed, not sealed: it descends from nothing. */
  readonly answer: (result: AuthenticationResult, pending: PendingAnswer) => Promise<Answer | Refused>;
  /** Null for a start without a request, which has no ID. */
  readonly requestClaim: (pending: PendingAnswer) => RequestClaim | null;
}

export function createSamlAdapter(deps: SamlAdapterDeps): SamlAdapter {
  const issuer = issuerElement(deps.entityId);
  const responder = createResponder(issuer, deps.random);
  const names = createPersonNames(deps);

  const fail = async (to: Addressee, code: SamlErrorCode, detail: string, now: EpochSeconds): Promise<Answer> => {
    const reply = await responder.failure(to, SAML_ERRORS[code].status, now);
    const error = protocolError({ code, detail }, to.party.party.relyingParty.key);
    return { kind: 'answer', reply, participant: null, error };
  };

  const succeed = async (
    to: Addressee,
    pending: PendingSaml,
    result: Authenticated,
    now: EpochSeconds,
  ): Promise<Answer> => {
    const { account, session, proofs } = result;
    const classRef = classOf(pending, proofs);
    if (classRef === null) return fail(to, 'class-unproved', 'no class that was asked for has been proved', now);
    const person = names.nameFor(to.party, pending.nameId, account, session, now);
    if (person === null) return fail(to, 'name-id-unavailable', `no value for a ${pending.nameId} NameID`, now);
    const assertion = describe(to, pending, result, person, classRef, now);
    const finished = await protect(to.party, assertion.element, assertion.id);
    const reply = await responder.success(to, finished, now);
    const participant = { relyingParty: to.party.party.hash, at: person.since, nameId: person.participant };
    return { kind: 'answer', reply, participant, error: null };
  };

  const describe = (
    to: Addressee,
    pending: PendingSaml,
    { account, session, proofs }: Authenticated,
    person: NamedPerson,
    classRef: ContextClass,
    now: EpochSeconds,
  ): { readonly id: string; readonly element: XmlElement } => {
    const { party } = to;
    const id = newId(deps.random);
    const notBefore = now - Math.min(deps.skew, Math.floor(deps.assertionLifetime / 2));
    const sessionEnd = session.created + deps.sessionAbsolute;
    const { sessionLifetime } = party.party.settings;
    const assertion = assertionElement({
      id,
      issueInstant: now,
      issuer,
      nameId: nameIdElement(person.nameId, deps.entityId, party.entityId),
      recipient: to.acs,
      inResponseTo: to.inResponseTo,
      notBefore,
      notOnOrAfter: notBefore + deps.assertionLifetime,
      audience: party.audience,
      authnInstant: newestOf(proofs),
      sessionIndex: deps.stableSecret.sessionIndex(party.party.relyingParty.key, session.sid),
      sessionNotOnOrAfter: sessionLifetime === undefined ? sessionEnd : Math.min(sessionEnd, now + sessionLifetime),
      classRef: classRef.ref,
      attributes: names.attributesFor(party, pending.attributeConsumingServiceIndex, account),
    });
    return { id, element: assertion };
  };

  return {
    protocol: 'saml',
    answer: async (result, answerTo) => {
      const to = addressee(deps, answerTo);
      if ('kind' in to) return to;
      const now = deps.clock();
      return result.kind === 'authenticated' ? succeed(to.to, to.pending, result, now) : refuse(to.to, result, now);
    },
    isRequiredSubject: (account, answerTo) => {
      const to = addressee(deps, answerTo);
      if ('kind' in to || to.pending.subject === null) return false;
      const { kind, digest } = to.pending.subject;
      return names.identifiersFor(to.to.party, kind, account).some((one) => subjectDigest(one).equals(digest));
    },
    canState: (methods, answerTo) => {
      const pending = decodePending(answerTo);
      // One that cannot be read is refused when it is answered.
      if (pending === null || pending.classes.length === 0) return true;
      const proofs = methods.map((method) => ({ method }));
      return provedClass(pending.classes, proofs) !== null;
    },
    isUnassured: () => false,
    disclosure: (account, answerTo) => {
      const to = addressee(deps, answerTo);
      if ('kind' in to) return null;
      const { nameId, attributeConsumingServiceIndex: index } = to.pending;
      const items = names.disclosedTo(to.to.party, nameId, index, account);
      return { items, returnsTo: shownAddress(to.to.acs) };
    },
    requestClaim: (answerTo) => {
      const pending = decodePending(answerTo);
      if (pending === null || pending.inResponseTo === null) return null;
      const { id, issueInstant } = pending.inResponseTo;
      return { id: `${pending.partyHash}:${id}`, until: issueInstant + deps.issueInstantSkew + 1 };
    },
  };

  async function refuse(
    to: Addressee,
    { reason }: Extract<AuthenticationResult, { kind: 'refused' }>,
    now: EpochSeconds,
  ): Promise<Answer> {
    const reply = await responder.failure(to, REFUSAL_STATUS[reason], now);
    return { kind: 'answer', reply, participant: null, error: null };
  }
}

/** Where the answer goes, looked up again: party or endpoint may have been removed while the person signed in. */
function addressee(
  deps: SamlAdapterDeps,
  answerTo: PendingAnswer,
): { readonly to: Addressee; readonly pending: PendingSaml } | Refused {
  const pending = decodePending(answerTo);
  if (pending === null) return refusedWithPage({ code: 'pending-unreadable', detail: 'not of this release' }, null);
  const registered = deps.registry.findByHash(pending.partyHash);
  if (registered === undefined) {
    return refusedWithPage({ code: 'unknown-party', detail: `removed: ${pending.partyHash}` }, null);
  }
  const party = deps.prepared.of(registered);
  const acs = party.acsByHash.get(pending.acsHash);
  if (acs === undefined) {
    return refusedWithPage({ code: 'unregistered-acs', detail: 'removed meanwhile' }, registered.relyingParty.key);
  }
  const { relayState } = pending;
  const inResponseTo = pending.inResponseTo?.id ?? null;
  return { to: { party, acs: acs.url, inResponseTo, relayState }, pending };
}

/** What was really proved, in the party's words when it asked in any. */
function classOf({ classes }: PendingSaml, proofs: readonly AuthenticationEvent[]): ContextClass | null {
  return provedClass(classes.length === 0 ? CONTEXT_CLASSES : classes, proofs);
}

/** Signed first and encrypted afterwards, each if the party wants it. The Response around it is signed in any case. */
async function protect(party: PreparedParty, assertion: XmlElement, id: string): Promise<XmlElement | Fragment> {
  const { signer, digest, encryption } = party;
  const signed = party.signAssertions
    ? await signElement(assertion, { id, signer, after: 'Issuer', digest })
    : assertion;
  if (encryption === null) return signed;
  return element(NS.assertion, 'EncryptedAssertion', {}, await encryptElement(signed, encryption));
}
