// Owns: /cas/samlValidate's SAML 1.1 (SAML 1.1 core and bindings, as CAS clients use it): the ticket in a SOAP request, and
// the answer. It is not signed: a client asks over TLS, and believes what it gets there.
import type { Body } from '../../core/reply.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import { formatInstant } from '../../saml/date-time.ts';
import { canonical, element, type Namespace, type XmlElement } from '../../xml/build.ts';
import { isXmlText } from '../../xml/characters.ts';
import { attribute, child, isXmlProblem, parseMessage, textOf } from '../../xml/parse.ts';
import { CAS_PROBLEMS, type CasProblem, casProblem } from './cas-errors.ts';
import { releasedAttributes } from './cas-response.ts';
import type { Validated } from './validation.ts';

const SOAP: Namespace = { prefix: 'soap', uri: 'http://schemas.xmlsoap.org/soap/envelope/' };
const PROTOCOL: Namespace = { prefix: 'saml1p', uri: 'urn:oasis:names:tc:SAML:1.0:protocol' };
const ASSERTION: Namespace = { prefix: 'saml1', uri: 'urn:oasis:names:tc:SAML:1.0:assertion' };
const VERSION = { MajorVersion: '1', MinorVersion: '1' } as const;
/** What clients of every CAS server look for. */
const ATTRIBUTE_NAMESPACE = 'http://www.ja-sig.org/products/cas/';
/** The client reads what is said at once: in seconds, before and after, for a clock that is not quite ours. */
const TOLERANCE = 60;

/** The ticket in soap:Envelope/soap:Body/saml1p:Request/saml1p:AssertionArtifact. */
export function readArtifact(body: string): string | CasProblem {
  const parsed = parseMessage(body);
  if (isXmlProblem(parsed)) return casProblem('unreadable-envelope', parsed.code);
  const { root } = parsed;
  if (root.localName !== 'Envelope' || root.namespaceURI !== SOAP.uri) return casProblem('unreadable-envelope', 'root');
  let at = root;
  for (const [{ uri }, name] of [
    [SOAP, 'Body'],
    [PROTOCOL, 'Request'],
    [PROTOCOL, 'AssertionArtifact'],
  ] as const) {
    const next = child(at, uri, name);
    if (next === null || isXmlProblem(next)) return casProblem('unreadable-envelope', name);
    if (name === 'Request' && attribute(next, 'MajorVersion') !== '1') {
      return casProblem('unreadable-envelope', 'another version');
    }
    at = next;
  }
  const text = textOf(at);
  return isXmlProblem(text) ? casProblem('unreadable-envelope', 'no text') : text.trim();
}

export interface Saml11Envelope {
  readonly issuer: string;
  /** Two fresh ids, of XML's kind. */
  readonly ids: readonly [response: string, assertion: string];
  /** TARGET as it was sent; null: there was none. */
  readonly recipient: string | null;
  readonly now: EpochSeconds;
}

export function saml11Success(validated: Validated, envelope: Saml11Envelope): Body {
  const { issuer, ids, now } = envelope;
  const { user, authenticatedAt, asked } = validated;
  const subject = element(
    ASSERTION,
    'Subject',
    {},
    element(ASSERTION, 'NameIdentifier', {}, user),
    element(
      ASSERTION,
      'SubjectConfirmation',
      {},
      element(ASSERTION, 'ConfirmationMethod', {}, 'urn:oasis:names:tc:SAML:1.0:cm:artifact'),
    ),
  );
  const attributes = releasedAttributes(validated).map(([name, values]) =>
    element(
      ASSERTION,
      'Attribute',
      { AttributeName: name, AttributeNamespace: ATTRIBUTE_NAMESPACE },
      ...values.map((value) => element(ASSERTION, 'AttributeValue', {}, value)),
    ),
  );
  const assertion = element(
    ASSERTION,
    'Assertion',
    { ...VERSION, AssertionID: ids[1], IssueInstant: formatInstant(now), Issuer: issuer },
    element(
      ASSERTION,
      'Conditions',
      { NotBefore: formatInstant(now - TOLERANCE), NotOnOrAfter: formatInstant(now + TOLERANCE) },
      element(ASSERTION, 'AudienceRestrictionCondition', {}, element(ASSERTION, 'Audience', {}, asked)),
    ),
    element(
      ASSERTION,
      'AuthenticationStatement',
      {
        AuthenticationInstant: formatInstant(authenticatedAt),
        AuthenticationMethod: 'urn:oasis:names:tc:SAML:1.0:am:unspecified',
      },
      subject,
    ),
    attributes.length === 0 ? undefined : element(ASSERTION, 'AttributeStatement', {}, subject, ...attributes),
  );
  return response(envelope, status('Success'), assertion);
}

export function saml11Failure({ problem }: CasProblem, envelope: Saml11Envelope): Body {
  const { error, description } = CAS_PROBLEMS[problem];
  const code = error === 'INTERNAL_ERROR' ? 'Responder' : error === 'INVALID_REQUEST' ? 'Requester' : 'RequestDenied';
  return response(envelope, status(code, `${error}: ${description}`));
}

/** A status code is a qualified name, so its prefix must be the one that is declared (SAML 1.1 core §3.4.3.1). */
function status(code: 'Success' | 'Requester' | 'Responder' | 'RequestDenied', message?: string): XmlElement {
  return element(
    PROTOCOL,
    'Status',
    {},
    // The second-level code is inside a first-level one.
    code === 'RequestDenied'
      ? element(PROTOCOL, 'StatusCode', { Value: 'saml1p:Responder' }, statusCode(code))
      : statusCode(code),
    message === undefined ? undefined : element(PROTOCOL, 'StatusMessage', {}, message),
  );
}

function statusCode(code: string): XmlElement {
  return element(PROTOCOL, 'StatusCode', { Value: `${PROTOCOL.prefix}:${code}` });
}

function response({ ids, recipient: sent, now }: Saml11Envelope, outcome: XmlElement, assertion?: XmlElement): Body {
  // Anybody's: what was refused is told all the same.
  const recipient = sent !== null && isXmlText(sent) ? sent : undefined;
  const inside = element(
    PROTOCOL,
    'Response',
    { ...VERSION, IssueInstant: formatInstant(now), Recipient: recipient, ResponseID: ids[0] },
    outcome,
    assertion,
  );
  const text = canonical(element(SOAP, 'Envelope', {}, element(SOAP, 'Body', {}, inside)));
  return { kind: 'body', status: 200, contentType: 'text/xml; charset=utf-8', text };
}
