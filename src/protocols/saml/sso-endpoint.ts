// Owns: the single sign-on endpoint: an AuthnRequest by Redirect or POST, or a start without one, becomes an Arrival.
// Leaves to core/login-flow: who is signed in. Leaves to saml-adapter.ts: the answer. Reads no cookie and no header.
import type { AuthenticationRequest } from '../../core/authentication-request.ts';
import type { Arrival } from '../../core/protocol-adapter.ts';
import type { SubjectIdentifierKind } from '../../core/subject-identifier.ts';
import type { Clock, EpochSeconds } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import type { Party } from '../../parties/party.ts';
import type { PartyRegistry } from '../../parties/party-registry.ts';
import { issuerElement } from '../../saml/assertion.ts';
import type { AuthnRequest } from '../../saml/authn-request.ts';
import { readPostForm } from '../../saml/binding-post.ts';
import { type QuerySignature, readRedirectQuery } from '../../saml/binding-redirect.ts';
import { isMessageProblem } from '../../saml/message-problem.ts';
import { nameIdKind } from '../../saml/name-id.ts';
import { isMessageId } from '../../saml/schema-values.ts';
import { FLOW_REQUEST_MAX_BYTES } from '../../sealed/flow-body.ts';
import { openTransient } from '../../sealed/transient-body.ts';
import type { Sealer } from '../../sealer/seal.ts';
import { wantedContext } from './authn-context.ts';
import { type InitParameters, readInit } from './idp-initiated.ts';
import { acsHash, encodePending, type PendingSaml, type RequiredSubject, subjectDigest } from './pending-answer.ts';
import type { PreparedParties, PreparedParty } from './prepared-party.ts';
import { judgeMessage, readMessage } from './received-message.ts';
import { createResponder } from './respond.ts';
import { protocolError, refusedWithPage, SAML_ERRORS, type SamlProblem } from './saml-errors.ts';
import { checkRequest, resolveAcs, subjectKind } from './sso-checks.ts';

export interface SsoEndpointDeps {
  /** Of this identity provider. */
  readonly entityId: string;
  /** `PUBLIC_URL/saml/idp/sso`, from the configuration and never from the request. */
  readonly ssoUrl: string;
  readonly registry: Pick<PartyRegistry, 'find' | 'findByHash'>;
  readonly prepared: PreparedParties;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Random;
  /** How far an IssueInstant may be from now, in seconds. */
  readonly issueInstantSkew: number;
}

export interface SsoEndpoint {
  /** `rawQuery`: what stands after the question mark of the request line, untouched. */
  readonly receiveRedirect: (rawQuery: string) => Promise<Arrival>;
  /** A decoded form; whoever decoded it has refused repeated fields. */
  readonly receivePost: (form: ReadonlyMap<string, string>) => Promise<Arrival>;
  /** A start without a request: from the portal (POST, checked for forgery by the caller) or by a link (GET). */
  readonly init: (parameters: InitParameters, via: 'get' | 'post') => Arrival;
}

interface Received {
  readonly xml: Buffer;
  readonly relayState: string | null;
  readonly relayStateBytes: number;
  readonly signed: QuerySignature | null;
}

export function createSsoEndpoint(deps: SsoEndpointDeps): SsoEndpoint {
  const responder = createResponder(issuerElement(deps.entityId), deps.random);

  const receive = async (received: Received, via: 'get' | 'post'): Promise<Arrival> => {
    const now = deps.clock();
    const message = readMessage(received.xml);
    if ('code' in message) return refusedWithPage(message, null);
    const party = knownParty(deps, message.request.issuer, now);
    if ('code' in party) return refusedWithPage(party, null);
    const { key } = party.party.relyingParty;
    const { request, signature } = judgeMessage(message, received.signed, party.verificationKeys);
    const acs = resolveAcs(request, party);
    if (acs === null) {
      const named = request.assertionConsumerServiceUrl ?? `index ${request.assertionConsumerServiceIndex}`;
      return refusedWithPage({ code: 'unregistered-acs', detail: named.slice(0, 300) }, key);
    }
    const { relayState, relayStateBytes } = received;
    const { entityId, ssoUrl, issueInstantSkew: skew } = deps;
    const facts = { request, party, signature, relayStateBytes, entityId, ssoUrl, now, skew };
    let problem = checkRequest(facts);
    if (problem === null) {
      const subject = requiredSubject(deps, request, party);
      const pending = pendingOf(request, party, acs.url, relayState, subject);
      const accepted = authenticationRequest(request, party.party, pending, now);
      if (fits(accepted)) return { kind: 'authenticate', request: accepted, via };
      problem = { code: 'request-too-large', detail: `${accepted.answerTo.data.length} bytes to remember` };
    }
    const inResponseTo = request.id !== null && isMessageId(request.id) ? request.id : null;
    const to = {
      party,
      acs: acs.url,
      inResponseTo,
      // What is too long to be kept is not sent back either.
      relayState: problem.code === 'relay-state-too-long' ? null : relayState,
    };
    const reply = await responder.failure(to, SAML_ERRORS[problem.code].status, now);
    return { kind: 'reply', reply, error: protocolError(problem, key) };
  };

  return {
    receiveRedirect: async (rawQuery) => {
      const message = readRedirectQuery(rawQuery);
      if (isMessageProblem(message)) return refusedWithPage(bindingProblem(message), null);
      return receive(message, 'get');
    },
    receivePost: async (form) => {
      const message = readPostForm(form);
      if (isMessageProblem(message)) return refusedWithPage(bindingProblem(message), null);
      return receive({ ...message, signed: null }, 'post');
    },
    init: (parameters, via) => {
      const now = deps.clock();
      const party = knownParty(deps, parameters.sp, now);
      if ('code' in party) return refusedWithPage(party, null);
      const start = readInit(parameters, party);
      if ('code' in start) return refusedWithPage(start, party.party.relyingParty.key);
      const request = { ...unsolicited(party.party, now), answerTo: encodePending(start) };
      return { kind: 'authenticate', request, via };
    },
  };
}

function bindingProblem({ problem, detail }: { problem: SamlProblem['code']; detail: string }): SamlProblem {
  return { code: problem, detail };
}

function knownParty(deps: SsoEndpointDeps, entityId: string, now: EpochSeconds): PreparedParty | SamlProblem {
  const party = deps.registry.find(entityId);
  if (party === undefined) return { code: 'unknown-party', detail: entityId.slice(0, 300) };
  const { validUntil } = party.metadata;
  if (validUntil !== null && now >= validUntil) return { code: 'metadata-expired', detail: entityId };
  return deps.prepared.of(party);
}

/** Only for a request that has passed its checks. */
function pendingOf(
  request: AuthnRequest,
  party: PreparedParty,
  acs: string,
  relayState: string | null,
  subject: RequiredSubject | null,
): PendingSaml {
  const wanted = request.authnContext === null ? null : wantedContext(request.authnContext);
  const index = request.attributeConsumingServiceIndex;
  return {
    partyHash: party.party.hash,
    acsHash: acsHash(acs),
    inResponseTo: { id: request.id ?? '', issueInstant: request.issueInstant ?? 0 },
    relayState,
    nameId: wantedNameId(request, party),
    classes: wanted?.classes ?? [],
    attributeConsumingServiceIndex: index !== null && party.attributes.has(index) ? index : null,
    subject,
  };
}

function wantedNameId(request: AuthnRequest, party: PreparedParty): SubjectIdentifierKind {
  const format = request.nameIdPolicy?.format ?? null;
  const kind = format === null ? null : nameIdKind(format);
  // `unspecified` leaves the choice to us, SAML core §3.4.1.1.
  return kind === null || kind === 'unspecified' ? party.defaultNameId : kind;
}

function requiredSubject(deps: SsoEndpointDeps, request: AuthnRequest, party: PreparedParty): RequiredSubject | null {
  if (request.subject?.kind !== 'name-id') return null;
  const { nameId } = request.subject;
  const kind = subjectKind(nameId, party) ?? party.defaultNameId;
  if (kind !== 'transient') return { kind, digest: subjectDigest(nameId.value) };
  // One that cannot be opened is nobody's: no account id is empty.
  const opened = openTransient(deps.sealer, party.entityId, nameId.value);
  return { kind, digest: subjectDigest(opened?.accountId ?? '') };
}

function authenticationRequest(
  request: AuthnRequest,
  party: Party,
  pending: PendingSaml,
  now: EpochSeconds,
): AuthenticationRequest {
  const wanted = request.authnContext === null ? null : wantedContext(request.authnContext);
  return {
    ...unsolicited(party, now),
    assurance: { accepted: wanted?.accepted ?? [], binding: 'required' },
    forceAuthn: request.forceAuthn,
    passive: request.isPassive,
    subject: pending.subject === null ? { kind: 'none' } : { kind: 'required' },
    answerTo: encodePending(pending),
  };
}

function unsolicited(party: Party, now: EpochSeconds): Omit<AuthenticationRequest, 'answerTo'> {
  return {
    relyingParty: party.relyingParty.key,
    assurance: { accepted: [], binding: 'required' },
    forceAuthn: false,
    maxAge: null,
    passive: false,
    askConsent: false,
    subject: { kind: 'none' },
    language: null,
    receivedAt: now,
  };
}

/** Whether the sealed login has room for it; said to the party now rather than found out after a sign-in page. */
function fits(request: AuthenticationRequest): boolean {
  return Buffer.byteLength(request.relyingParty, 'utf8') + request.answerTo.data.length <= FLOW_REQUEST_MAX_BYTES;
}
