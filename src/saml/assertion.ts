// Owns: how an assertion is written (SAML core §2.3, profiles §4.1.4.2). Leaves to protocols/saml: what is true.
import type { EpochSeconds } from '../lib/clock.ts';
import { element, type Fragment, type XmlElement } from '../xml/build.ts';
import { attributeUri } from './attribute-names.ts';
import { formatInstant } from './date-time.ts';
import {
  ATTRIBUTE_NAME_FORMAT_BASIC,
  ATTRIBUTE_NAME_FORMAT_URI,
  CONFIRMATION_BEARER,
  NS,
  SAML_VERSION,
} from './names.ts';

/** Everything that an assertion says. */
export interface AssertionContent {
  readonly id: string;
  readonly issueInstant: EpochSeconds;
  readonly issuer: XmlElement;
  readonly nameId: XmlElement;
  /** The ACS it is posted to. */
  readonly recipient: string;
  /** Null when nobody asked. */
  readonly inResponseTo: string | null;
  readonly notBefore: EpochSeconds;
  readonly notOnOrAfter: EpochSeconds;
  readonly audience: XmlElement | Fragment;
  readonly authnInstant: EpochSeconds;
  readonly sessionIndex: string;
  readonly sessionNotOnOrAfter: EpochSeconds;
  readonly classRef: string;
  /** saml:Attribute elements; without one there is no AttributeStatement. */
  readonly attributes: readonly XmlElement[];
}

/** saml:Issuer. */
export function issuerElement(entityId: string): XmlElement {
  return element(NS.assertion, 'Issuer', {}, entityId);
}

/** saml:AudienceRestriction to one entity. */
export function audienceElement(entityId: string): XmlElement {
  return element(NS.assertion, 'AudienceRestriction', {}, element(NS.assertion, 'Audience', {}, entityId));
}

/** saml:Assertion, not signed yet. No address: people change networks between two requests. */
export function assertionElement(content: AssertionContent): XmlElement {
  const notOnOrAfter = formatInstant(content.notOnOrAfter);
  const confirmation = element(NS.assertion, 'SubjectConfirmationData', {
    InResponseTo: content.inResponseTo ?? undefined,
    NotOnOrAfter: notOnOrAfter,
    Recipient: content.recipient,
  });
  return element(
    NS.assertion,
    'Assertion',
    { ID: content.id, IssueInstant: formatInstant(content.issueInstant), Version: SAML_VERSION },
    content.issuer,
    element(
      NS.assertion,
      'Subject',
      {},
      content.nameId,
      element(NS.assertion, 'SubjectConfirmation', { Method: CONFIRMATION_BEARER }, confirmation),
    ),
    element(
      NS.assertion,
      'Conditions',
      { NotBefore: formatInstant(content.notBefore), NotOnOrAfter: notOnOrAfter },
      content.audience,
    ),
    element(
      NS.assertion,
      'AuthnStatement',
      {
        AuthnInstant: formatInstant(content.authnInstant),
        SessionIndex: content.sessionIndex,
        SessionNotOnOrAfter: formatInstant(content.sessionNotOnOrAfter),
      },
      element(NS.assertion, 'AuthnContext', {}, element(NS.assertion, 'AuthnContextClassRef', {}, content.classRef)),
    ),
    content.attributes.length === 0
      ? undefined
      : element(NS.assertion, 'AttributeStatement', {}, ...content.attributes),
  );
}

/** How an attribute is called on the wire, worked out once per party. */
export interface AttributeName {
  readonly attributes: Readonly<Record<string, string>>;
  readonly valueAttributes: Readonly<Record<string, string>>;
}

/**
 * The wire name of an attribute: the URI and friendly name of the table; a name that is a URI itself stays as it is;
 * any other one goes out in the basic format (SAML core §8.2).
 */
export function attributeName(name: string, withType: boolean): AttributeName {
  const uri = attributeUri(name);
  const valueAttributes = withType ? { 'xsi:type': 'xs:string' } : {};
  if (uri !== undefined) {
    return { attributes: { FriendlyName: name, Name: uri, NameFormat: ATTRIBUTE_NAME_FORMAT_URI }, valueAttributes };
  }
  const isUri = /^[A-Za-z][A-Za-z0-9+.-]*:/.test(name);
  const format = isUri ? ATTRIBUTE_NAME_FORMAT_URI : ATTRIBUTE_NAME_FORMAT_BASIC;
  return { attributes: { Name: name, NameFormat: format }, valueAttributes };
}

/** saml:Attribute with its values. */
export function attributeElement(name: AttributeName, values: readonly string[]): XmlElement {
  return element(
    NS.assertion,
    'Attribute',
    name.attributes,
    ...values.map((value) => element(NS.assertion, 'AttributeValue', name.valueAttributes, value)),
  );
}
