// Owns: what a readable AuthnRequest of a known party must be like, one function a rule, in order.
// Every problem found here is told to the party: its return address is verified before.

import type { SubjectIdentifierKind } from '../../core/subject-identifier.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import type { AuthnRequest, ForeignNameId } from '../../saml/authn-request.ts';
import { nameIdKind } from '../../saml/name-id.ts';
import { BINDING, SAML_VERSION } from '../../saml/names.ts';
import { RELAY_STATE_MAX_BYTES } from '../../saml/relay-state.ts';
import { isMessageId } from '../../saml/schema-values.ts';
import type { AssertionConsumerService } from '../../saml/sp-metadata.ts';
import { wantedContext } from './authn-context.ts';
import type { PreparedParty } from './prepared-party.ts';
import type { SamlProblem } from './saml-errors.ts';

/** How the request was signed: not at all, well, or in a way that does not count. */
export type SignatureVerdict =
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'verified' }
  | { readonly kind: 'bad'; readonly detail: string };

export interface SsoFacts {
  /** From the verified element when there is a good signature. */
  readonly request: AuthnRequest;
  readonly party: PreparedParty;
  readonly signature: SignatureVerdict;
  readonly relayStateBytes: number;
  /** Of this identity provider. */
  readonly entityId: string;
  /** The address of this endpoint, from the configuration. */
  readonly ssoUrl: string;
  readonly now: EpochSeconds;
  /** How far IssueInstant may be from now, in seconds. */
  readonly skew: number;
}

export type SsoCheck = (facts: SsoFacts) => SamlProblem | null;

/** A signature that is present must verify, also where none is needed. */
const signatureVerifies: SsoCheck = ({ signature }) =>
  signature.kind === 'bad' ? problem('signature-invalid', signature.detail) : null;

const signedWhereRequired: SsoCheck = ({ signature, party }) =>
  signature.kind === 'unsigned' && party.requiresSignedRequests
    ? problem('signature-missing', 'the party, or this identity provider, wants requests signed')
    : null;

const speaksVersion2: SsoCheck = ({ request }) =>
  request.version === SAML_VERSION ? null : problem('wrong-version', `Version ${String(request.version).slice(0, 20)}`);

/** SAML bindings §3.4.5.2, §3.5.5.2: a signed message names where it was sent to; a stated address is always compared. */
const addressedToUs: SsoCheck = ({ request, signature, ssoUrl }) => {
  if (request.destination === ssoUrl) return null;
  if (request.destination === null && signature.kind === 'unsigned') return null;
  return problem(
    'wrong-destination',
    request.destination === null ? 'none in a signed request' : request.destination.slice(0, 200),
  );
};

const issuedRecently: SsoCheck = ({ request, now, skew }) => {
  if (request.issueInstant === null) return problem('stale-request', 'no IssueInstant in UTC');
  const age = now - request.issueInstant;
  return Math.abs(age) <= skew ? null : problem('stale-request', `issued ${age} seconds ago`);
};

const hasId: SsoCheck = ({ request }) =>
  request.id !== null && isMessageId(request.id) ? null : problem('bad-id', 'the ID is missing or not one');

const relayStateFits: SsoCheck = ({ relayStateBytes }) =>
  relayStateBytes <= RELAY_STATE_MAX_BYTES ? null : problem('relay-state-too-long', `${relayStateBytes} bytes`);

const asksForPost: SsoCheck = ({ request }) =>
  request.protocolBinding === null || request.protocolBinding === BINDING.post
    ? null
    : problem('unsupported-binding', request.protocolBinding.slice(0, 200));

const nameIdIsPossible: SsoCheck = ({ request, party }) => {
  const policy = request.nameIdPolicy;
  if (policy === null) return null;
  const { spNameQualifier } = policy;
  if (spNameQualifier !== null && spNameQualifier !== '' && spNameQualifier !== party.entityId) {
    return problem('unsupported-name-id', 'SPNameQualifier of another entity');
  }
  if (policy.format === null) return null;
  const kind = nameIdKind(policy.format);
  if (kind === 'unspecified' || (kind !== null && party.nameIdKinds.has(kind))) return null;
  return problem('unsupported-name-id', policy.format.slice(0, 200));
};

const subjectIsReadable: SsoCheck = ({ request, party, entityId }) => {
  if (request.subject === null) return null;
  if (request.subject.kind === 'other') return problem('unsupported-subject', 'no NameID, or more than one');
  const { nameQualifier, spNameQualifier } = request.subject.nameId;
  if (subjectKind(request.subject.nameId, party) === null) {
    return problem('unsupported-subject', `Format ${String(request.subject.nameId.format).slice(0, 200)}`);
  }
  const ours = (nameQualifier ?? entityId) === entityId && (spNameQualifier ?? party.entityId) === party.entityId;
  return ours ? null : problem('unsupported-subject', 'a NameID of another entity');
};

/** Which kind of identifier a foreign NameID is; without a format, the one that this party gets. Null: none it could have. */
export function subjectKind({ format }: ForeignNameId, party: PreparedParty): SubjectIdentifierKind | null {
  const kind = format === null ? 'unspecified' : nameIdKind(format);
  if (kind === 'unspecified' && !party.nameIdKinds.has(kind)) return party.defaultNameId;
  return kind !== null && (party.nameIdKinds.has(kind) || kind === party.defaultNameId) ? kind : null;
}

const contextIsPossible: SsoCheck = ({ request }) =>
  request.authnContext === null || wantedContext(request.authnContext) !== null
    ? null
    : problem('unsupported-authn-context', request.authnContext.classRefs.join(' ').slice(0, 200));

/** In this order: what casts doubt on the sender first, what the sender merely cannot have last. */
export const SSO_CHECKS: readonly SsoCheck[] = [
  signatureVerifies,
  signedWhereRequired,
  speaksVersion2,
  addressedToUs,
  issuedRecently,
  hasId,
  relayStateFits,
  asksForPost,
  nameIdIsPossible,
  subjectIsReadable,
  contextIsPossible,
];

/** The first problem; null when there is none. */
export function checkRequest(facts: SsoFacts): SamlProblem | null {
  for (const check of SSO_CHECKS) {
    const found = check(facts);
    if (found !== null) return found;
  }
  return null;
}

/**
 * Where the answer goes. Only endpoints of the metadata count, compared as text (`Set.has`, never a prefix or a
 * normalized URL). Null: the request names one that is not there, and nothing else in it can be believed either.
 */
export function resolveAcs(request: AuthnRequest, party: PreparedParty): AssertionConsumerService | null {
  const { assertionConsumerServiceUrl: url, assertionConsumerServiceIndex: index } = request;
  if (url !== null && index !== null) {
    // SAML core §3.4.1: mutually exclusive. Two that agree harm nobody.
    const acs = party.acsByIndex.get(index);
    return acs?.url === url ? acs : null;
  }
  if (url !== null) return party.acsByUrl.get(url) ?? null;
  if (index !== null) return party.acsByIndex.get(index) ?? null;
  return party.defaultAcs;
}

function problem(code: SamlProblem['code'], detail: string): SamlProblem {
  return { code, detail };
}
