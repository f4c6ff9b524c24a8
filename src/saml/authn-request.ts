// Owns: what an AuthnRequest says (SAML core §3.4.1), as a plain value. Leaves to protocols/saml: whether it may say so.
// An element or attribute that the schema does not have here refuses the message: nothing is skipped unread.
import type { Element } from '@xmldom/xmldom';
import type { EpochSeconds } from '../lib/clock.ts';
import { attribute, childElements, isXmlProblem, textOf } from '../xml/parse.ts';
import { parseInstant } from './date-time.ts';
import { type MessageProblem, messageProblem } from './message-problem.ts';
import { NAME_ID_FORMAT, NS } from './names.ts';
import { type RequestedAuthnContext, readRequestedAuthnContext } from './requested-authn-context.ts';
import { parseBoolean, UnreadableMessage } from './schema-values.ts';

export interface RequestedNameIdPolicy {
  readonly format: string | null;
  readonly spNameQualifier: string | null;
  readonly allowCreate: boolean;
}

/** A NameID that somebody else wrote. */
export interface ForeignNameId {
  readonly value: string;
  readonly format: string | null;
  readonly nameQualifier: string | null;
  readonly spNameQualifier: string | null;
}

/** What the requester wants the answer to be about; `other`: an identifier or confirmation that Signet does not read. */
export type RequestedSubject =
  | { readonly kind: 'name-id'; readonly nameId: ForeignNameId }
  | { readonly kind: 'other' };

/** Fields that a check has to judge are as they came: null means absent, or not of its type where that is said. */
export interface AuthnRequest {
  readonly issuer: string;
  readonly id: string | null;
  readonly version: string | null;
  /** Null also when it is not an instant in UTC. */
  readonly issueInstant: EpochSeconds | null;
  readonly destination: string | null;
  readonly forceAuthn: boolean;
  readonly isPassive: boolean;
  readonly protocolBinding: string | null;
  readonly assertionConsumerServiceUrl: string | null;
  readonly assertionConsumerServiceIndex: number | null;
  readonly attributeConsumingServiceIndex: number | null;
  readonly subject: RequestedSubject | null;
  readonly nameIdPolicy: RequestedNameIdPolicy | null;
  readonly authnContext: RequestedAuthnContext | null;
}

/** Children in the order that the schema gives them. Signature: verified, or refused, before this reader is asked. */
const CHILD_ORDER: ReadonlyMap<string, number> = new Map([
  [`${NS.assertion.uri} Issuer`, 0],
  [`${NS.signature.uri} Signature`, 1],
  [`${NS.protocol.uri} Extensions`, 2],
  [`${NS.assertion.uri} Subject`, 3],
  [`${NS.protocol.uri} NameIDPolicy`, 4],
  [`${NS.assertion.uri} Conditions`, 5],
  [`${NS.protocol.uri} RequestedAuthnContext`, 6],
  [`${NS.protocol.uri} Scoping`, 7],
]);
const CHILDREN = CHILD_ORDER.size;

const ATTRIBUTES: ReadonlySet<string> = new Set([
  'ID',
  'Version',
  'IssueInstant',
  'Destination',
  'Consent',
  'ForceAuthn',
  'IsPassive',
  'ProtocolBinding',
  'AssertionConsumerServiceIndex',
  'AssertionConsumerServiceURL',
  'AttributeConsumingServiceIndex',
  'ProviderName',
]);

/** An entityID has at most 1024 characters, SAML metadata §2.2.1. */
const ENTITY_ID_MAX = 1024;

/**
 * Reads the root of a message. For a message that needs a signature, `root` is what the verifier returned.
 * Extensions, Scoping and Conditions are allowed and not followed: saml-core leaves all three to the responder.
 */
export function readAuthnRequest(root: Element): AuthnRequest | MessageProblem {
  try {
    return read(root);
  } catch (error) {
    if (error instanceof UnreadableMessage) return messageProblem('bad-message', error.message);
    throw error;
  }
}

function read(root: Element): AuthnRequest {
  if (root.localName !== 'AuthnRequest' || root.namespaceURI !== NS.protocol.uri) {
    throw new UnreadableMessage(`the message is a ${root.localName}`);
  }
  refuseUnknownAttributes(root);
  const children = childrenInOrder(root);
  const [issuer, , , subject, nameIdPolicy, , authnContext] = children;
  return {
    issuer: readIssuer(issuer),
    id: attribute(root, 'ID'),
    version: attribute(root, 'Version'),
    issueInstant: parseInstant(attribute(root, 'IssueInstant') ?? ''),
    destination: attribute(root, 'Destination'),
    forceAuthn: booleanAttribute(root, 'ForceAuthn'),
    isPassive: booleanAttribute(root, 'IsPassive'),
    protocolBinding: attribute(root, 'ProtocolBinding'),
    assertionConsumerServiceUrl: attribute(root, 'AssertionConsumerServiceURL'),
    assertionConsumerServiceIndex: indexAttribute(root, 'AssertionConsumerServiceIndex'),
    attributeConsumingServiceIndex: indexAttribute(root, 'AttributeConsumingServiceIndex'),
    subject: subject === undefined ? null : readSubject(subject),
    nameIdPolicy: nameIdPolicy === undefined ? null : readNameIdPolicy(nameIdPolicy),
    authnContext: authnContext === undefined ? null : readRequestedAuthnContext(authnContext),
  };
}

function refuseUnknownAttributes(root: Element): void {
  for (let at = 0; at < root.attributes.length; at++) {
    const found = root.attributes.item(at);
    if (found === null || found.namespaceURI === XMLNS || found.namespaceURI === NS.xsi.uri) continue;
    if (found.namespaceURI !== null || !ATTRIBUTES.has(found.name)) {
      throw new UnreadableMessage(`attribute ${found.name} of AuthnRequest`);
    }
  }
}

const XMLNS = 'http://www.w3.org/2000/xmlns/';

function childrenInOrder(root: Element): readonly (Element | undefined)[] {
  const found: (Element | undefined)[] = new Array(CHILDREN).fill(undefined);
  let last = -1;
  for (const element of childElements(root)) {
    const place = CHILD_ORDER.get(`${element.namespaceURI} ${element.localName}`);
    if (place === undefined || place <= last) throw new UnreadableMessage(`${element.nodeName} is not expected there`);
    found[place] = element;
    last = place;
  }
  return found;
}

function readIssuer(issuer: Element | undefined): string {
  if (issuer === undefined) throw new UnreadableMessage('no Issuer');
  const format = attribute(issuer, 'Format');
  if (format !== null && format !== NAME_ID_FORMAT.entity) throw new UnreadableMessage('the Issuer is not an entity');
  const name = requiredText(issuer);
  if (name.length > ENTITY_ID_MAX) throw new UnreadableMessage(`an Issuer of ${name.length} characters`);
  return name;
}

function readSubject(subject: Element): RequestedSubject {
  const [nameId, ...others] = childElements(subject);
  // Profiles §4.1.4.1: no SubjectConfirmation. BaseID and EncryptedID are read by nobody here.
  if (nameId === undefined || others.length > 0) return { kind: 'other' };
  if (nameId.localName !== 'NameID' || nameId.namespaceURI !== NS.assertion.uri) return { kind: 'other' };
  return {
    kind: 'name-id',
    nameId: {
      value: requiredText(nameId),
      format: attribute(nameId, 'Format'),
      nameQualifier: attribute(nameId, 'NameQualifier'),
      spNameQualifier: attribute(nameId, 'SPNameQualifier'),
    },
  };
}

function readNameIdPolicy(policy: Element): RequestedNameIdPolicy {
  if (policy.firstChild !== null && childElements(policy).length > 0) {
    throw new UnreadableMessage('NameIDPolicy has content');
  }
  return {
    format: attribute(policy, 'Format'),
    spNameQualifier: attribute(policy, 'SPNameQualifier'),
    allowCreate: booleanAttribute(policy, 'AllowCreate'),
  };
}

function requiredText(holder: Element): string {
  const text = textOf(holder);
  if (isXmlProblem(text)) throw new UnreadableMessage(`${holder.localName}: ${text.code}`);
  return text;
}

function booleanAttribute(holder: Element, name: string): boolean {
  const text = attribute(holder, name);
  const value = text === null ? false : parseBoolean(text);
  if (value === null) throw new UnreadableMessage(`${name} is not a boolean`);
  return value;
}

function indexAttribute(holder: Element, name: string): number | null {
  const text = attribute(holder, name);
  if (text === null) return null;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new UnreadableMessage(`${name} is not an index`);
  return Number(text);
}
