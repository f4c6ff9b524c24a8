// Owns: SAML messages to sign and to attack in the tests of xml/: small, but valid for the schemas.
import { element, type Fragment, type Namespace, type XmlElement } from '../../src/xml/build.ts';

export const SAMLP: Namespace = { prefix: 'samlp', uri: 'urn:oasis:names:tc:SAML:2.0:protocol' };
export const SAML: Namespace = { prefix: 'saml', uri: 'urn:oasis:names:tc:SAML:2.0:assertion' };
export const MD: Namespace = { prefix: 'md', uri: 'urn:oasis:names:tc:SAML:2.0:metadata' };

export const RESPONSE = `${SAMLP.uri}:Response`;
export const ASSERTION = `${SAML.uri}:Assertion`;

const ISSUE = { Version: '2.0', IssueInstant: '2026-01-01T00:00:00Z' };
const issuer = (name: string) => element(SAML, 'Issuer', {}, name);

/** An AuthnRequest as a service provider sends it. */
export function authnRequest(id = '_request', from = 'https://sp.example/'): XmlElement {
  return element(
    SAMLP,
    'AuthnRequest',
    { ...ISSUE, ID: id, Destination: 'https://idp.example/saml/idp/sso' },
    issuer(from),
    element(SAMLP, 'NameIDPolicy', { AllowCreate: 'true' }),
  );
}

/** An assertion of about 3 KB, with this many attributes. */
export function assertion(id = '_assertion', options: { readonly typed?: boolean; readonly attributes?: number } = {}) {
  const type = options.typed === true ? 'xs:string' : undefined;
  const attributes = Array.from({ length: options.attributes ?? 8 }, (_, i) =>
    element(
      SAML,
      'Attribute',
      { Name: `urn:oid:1.3.6.1.4.1.5923.1.1.1.${i}`, NameFormat: 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri' },
      element(SAML, 'AttributeValue', { 'xsi:type': type }, `value <${i}> & more of it`),
    ),
  );
  return element(
    SAML,
    'Assertion',
    { ...ISSUE, ID: id },
    issuer('https://idp.example/'),
    element(
      SAML,
      'Subject',
      {},
      element(
        SAML,
        'NameID',
        { Format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient' },
        '_6f1ed002ab5595859014ebf0951522d9',
      ),
      element(
        SAML,
        'SubjectConfirmation',
        { Method: 'urn:oasis:names:tc:SAML:2.0:cm:bearer' },
        element(SAML, 'SubjectConfirmationData', {
          InResponseTo: '_request',
          NotOnOrAfter: '2026-01-01T00:05:00Z',
          Recipient: 'https://sp.example/acs',
        }),
      ),
    ),
    element(
      SAML,
      'Conditions',
      { NotBefore: '2026-01-01T00:00:00Z', NotOnOrAfter: '2026-01-01T00:05:00Z' },
      element(SAML, 'AudienceRestriction', {}, element(SAML, 'Audience', {}, 'https://sp.example/')),
    ),
    element(
      SAML,
      'AuthnStatement',
      { AuthnInstant: '2026-01-01T00:00:00Z', SessionIndex: '_s' },
      element(
        SAML,
        'AuthnContext',
        {},
        element(SAML, 'AuthnContextClassRef', {}, 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport'),
      ),
    ),
    element(SAML, 'AttributeStatement', {}, ...attributes),
  );
}

/** A Response around something. */
export function response(content: XmlElement | Fragment, id = '_response'): XmlElement {
  return element(
    SAMLP,
    'Response',
    { ...ISSUE, ID: id, Destination: 'https://sp.example/acs', InResponseTo: '_request' },
    issuer('https://idp.example/'),
    element(SAMLP, 'Status', {}, element(SAMLP, 'StatusCode', { Value: 'urn:oasis:names:tc:SAML:2.0:status:Success' })),
    content,
  );
}

/** Metadata of a service provider. */
export function spMetadata(id = '_metadata'): XmlElement {
  return element(
    MD,
    'EntityDescriptor',
    { ID: id, entityID: 'https://sp.example/' },
    element(
      MD,
      'SPSSODescriptor',
      { protocolSupportEnumeration: SAMLP.uri },
      element(MD, 'AssertionConsumerService', {
        Binding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
        Location: 'https://sp.example/acs',
        index: '0',
      }),
    ),
  );
}
