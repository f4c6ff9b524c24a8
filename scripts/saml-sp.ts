// Owns: a service provider's SAML side on @node-saml/node-saml, for the demo and for tests.
// Leaves to demo-sp.ts: HTTP, cookies and pages.
import { randomBytes } from 'node:crypto';
import { type CacheProvider, type Profile, SAML, type SamlConfig, ValidateInResponseTo } from '@node-saml/node-saml';
import { DOMParser } from '@xmldom/xmldom';

export interface KeyAndCertificate {
  readonly privateKeyPem: string;
  readonly certificatePem: string;
}

/** What an SP is before it knows any IdP. */
export interface SpIdentity {
  /** Where the SP lives, for example `http://127.0.0.1:8090`; entityID and ACS hang below it. */
  readonly baseUrl: string;
  readonly title: string;
  readonly keys: KeyAndCertificate;
}

/** What an SP needs to know of the IdP; see {@link readIdpMetadata}. */
export interface IdpDescription {
  readonly entityId: string;
  readonly ssoUrl: string;
  /** Every certificate that may sign, in the metadata's order; looked at anew for each response. */
  readonly certificatePems: readonly string[];
}

export type RequestBinding = 'redirect' | 'post';

export interface RequestOptions {
  readonly binding: RequestBinding;
  readonly forceAuthn: boolean;
  readonly passive: boolean;
}

/** Where to send the browser: a URL to follow, or a form to post. */
type LoginRequest =
  | { readonly kind: 'redirect'; readonly url: string }
  | { readonly kind: 'post'; readonly action: string; readonly fields: readonly (readonly [string, string])[] };

/** What one accepted response said. */
export interface SignedIn {
  readonly nameId: string;
  readonly nameIdFormat: string;
  readonly issuer: string;
  readonly sessionIndex: string;
  readonly inResponseTo: string;
  /** When the person last proved who they are, as the IdP says (saml-core §2.7.2). */
  readonly authnInstant: Date;
  readonly contextClass: string;
  readonly encrypted: boolean;
  readonly attributes: readonly (readonly [name: string, values: readonly string[]])[];
}

/** null: the IdP answered a passive request with NoPassive. */
export type SamlAnswer = SignedIn | null;

export interface SamlSp {
  /** A fresh signed AuthnRequest with this ID, which is its RelayState as well; see {@link newRequestId}. */
  readonly request: (options: RequestOptions, id: string) => Promise<LoginRequest>;
  /** Verifies a posted response; throws what node-saml throws for everything that is not a good answer. */
  readonly accept: (samlResponse: string) => Promise<SamlAnswer>;
}

/** What the demo asks for, by LDAP object identifier and the name people know. */
const REQUESTED_ATTRIBUTES: readonly (readonly [oid: string, friendlyName: string])[] = [
  ['urn:oid:2.16.840.1.113730.3.1.241', 'displayName'],
  ['urn:oid:0.9.2342.19200300.100.1.3', 'mail'],
  ['urn:oid:2.5.4.42', 'givenName'],
  ['urn:oid:2.5.4.4', 'sn'],
  ['urn:oid:1.3.6.1.4.1.5923.1.1.1.6', 'eduPersonPrincipalName'],
  ['urn:oid:1.3.6.1.4.1.5923.1.1.1.9', 'eduPersonScopedAffiliation'],
];

const FRIENDLY_NAMES = new Map(REQUESTED_ATTRIBUTES);

/** An unguessable XML ID (saml-core §1.3.4). */
export function newRequestId(): string {
  return `_${randomBytes(20).toString('hex')}`;
}

function entityIdOf(sp: SpIdentity): string {
  return `${sp.baseUrl}/metadata`;
}

export function acsUrlOf(sp: SpIdentity): string {
  return `${sp.baseUrl}/acs`;
}

/** Makes an SP that signs every request, wants signed assertions and can decrypt them. */
export function makeSamlSp(sp: SpIdentity, idp: IdpDescription): SamlSp {
  const cache = rememberedRequests();
  const plain: RequestOptions = { binding: 'redirect', forceAuthn: false, passive: false };
  const reader = new SAML(samlConfig(sp, idp, cache, plain, newRequestId));
  return {
    request: async (options, id) => {
      const saml = new SAML(samlConfig(sp, idp, cache, options, () => id));
      if (options.binding === 'redirect') {
        return { kind: 'redirect', url: await saml.getAuthorizeUrlAsync(id, undefined, {}) };
      }
      const message = await saml.getAuthorizeMessageAsync(id);
      const fields = Object.entries(message).map(([name, value]) => [name, String(value)] as const);
      return { kind: 'post', action: idp.ssoUrl, fields };
    },
    accept: async (samlResponse) => {
      const { profile } = await reader.validatePostResponseAsync({ SAMLResponse: samlResponse });
      return profile === null ? null : readProfile(profile, samlResponse);
    },
  };
}

function samlConfig(
  sp: SpIdentity,
  idp: IdpDescription,
  cacheProvider: CacheProvider,
  options: RequestOptions,
  generateUniqueId: () => string,
): SamlConfig {
  return {
    issuer: entityIdOf(sp),
    callbackUrl: acsUrlOf(sp),
    audience: entityIdOf(sp),
    entryPoint: idp.ssoUrl,
    idpIssuer: idp.entityId,
    idpCert: (answer) => answer(null, [...idp.certificatePems]),
    privateKey: sp.keys.privateKeyPem,
    decryptionPvk: sp.keys.privateKeyPem,
    signatureAlgorithm: 'sha256',
    digestAlgorithm: 'sha256',
    wantAuthnResponseSigned: true,
    wantAssertionsSigned: true,
    identifierFormat: null,
    disableRequestedAuthnContext: true,
    acceptedClockSkewMs: 5000,
    validateInResponseTo: ValidateInResponseTo.always,
    cacheProvider,
    generateUniqueId,
    forceAuthn: options.forceAuthn,
    passive: options.passive,
    // The POST binding carries plain base64 (saml-bindings §3.5.4), the Redirect binding DEFLATE (§3.4.4.1).
    skipRequestCompression: options.binding === 'post',
  };
}

const REQUEST_LIFETIME_MS = 8 * 3600 * 1000;
const REQUESTS_MAX = 10_000;

/** Requests that wait for an answer; node-saml removes each when it is answered. The oldest goes when there are too many. */
function rememberedRequests(): CacheProvider {
  const sent = new Map<string, { readonly value: string; readonly createdAt: number }>();
  return {
    saveAsync: async (id, value) => {
      const item = { value, createdAt: Date.now() };
      sent.set(id, item);
      const oldest = sent.keys().next().value;
      if (sent.size > REQUESTS_MAX && oldest !== undefined) sent.delete(oldest);
      return item;
    },
    getAsync: async (id) => {
      const item = sent.get(id);
      return item !== undefined && Date.now() - item.createdAt < REQUEST_LIFETIME_MS ? item.value : null;
    },
    removeAsync: async (id) => (id !== null && sent.delete(id) ? id : null),
  };
}

function readProfile(profile: Profile, samlResponse: string): SignedIn {
  // Only the verified assertion is read for what counts; `encrypted` is about the envelope and decides nothing.
  const assertion = profile.getAssertionXml?.() ?? '';
  const attributes = (profile.attributes ?? {}) as Readonly<Record<string, unknown>>;
  return {
    nameId: profile.nameID,
    nameIdFormat: profile.nameIDFormat,
    issuer: profile.issuer,
    sessionIndex: profile.sessionIndex ?? '',
    inResponseTo: String(profile.inResponseTo ?? ''),
    authnInstant: new Date(/\bAuthnInstant="([^"]+)"/.exec(assertion)?.[1] ?? Number.NaN),
    contextClass: /AuthnContextClassRef[^>]*>([^<]+)</.exec(assertion)?.[1] ?? '',
    encrypted: Buffer.from(samlResponse, 'base64').toString('utf8').includes(':EncryptedAssertion'),
    attributes: Object.entries(attributes).map(([name, value]) => [FRIENDLY_NAMES.get(name) ?? name, valuesOf(value)]),
  };
}

function valuesOf(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]).map(String);
}

const METADATA_NS = 'urn:oasis:names:tc:SAML:2.0:metadata';
const SIGNATURE_NS = 'http://www.w3.org/2000/09/xmldsig#';

/** Reads what an SP needs from IdP metadata that it fetched itself; throws when a part is missing. */
export function readIdpMetadata(xml: string): IdpDescription {
  const root = new DOMParser().parseFromString(xml, 'application/xml').documentElement;
  const entityId = root?.getAttribute('entityID');
  const sso = root?.getElementsByTagNameNS(METADATA_NS, 'SingleSignOnService')[0]?.getAttribute('Location');
  // Only of key descriptors: the metadata's own signature may hold a certificate as well.
  const certificatePems = [...(root?.getElementsByTagNameNS(METADATA_NS, 'KeyDescriptor') ?? [])]
    .filter((descriptor) => descriptor.getAttribute('use') !== 'encryption')
    .flatMap((descriptor) => [...descriptor.getElementsByTagNameNS(SIGNATURE_NS, 'X509Certificate')])
    .map((certificate) => pemOf(certificate.textContent ?? ''));
  if (!entityId || !sso || certificatePems.length === 0)
    throw new Error('IdP metadata lacks an entityID, an SSO endpoint or a certificate');
  return { entityId, ssoUrl: sso, certificatePems };
}

function pemOf(base64: string): string {
  const lines = base64.replace(/\s/g, '').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** SP metadata (saml-metadata §2.4.4). Written here because node-saml's has no RequestedAttribute. */
export function spMetadata(sp: SpIdentity): string {
  const certificate = sp.keys.certificatePem.replace(/-----[^-]+-----|\s/g, '');
  const keyDescriptor = (use: string) =>
    `<md:KeyDescriptor use="${use}"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>` +
    `${use === 'encryption' ? '<md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/>' : ''}</md:KeyDescriptor>`;
  const requested = REQUESTED_ATTRIBUTES.map(
    ([oid, name]) =>
      `<md:RequestedAttribute Name="${oid}" FriendlyName="${name}" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"/>`,
  );
  return [
    '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"' +
      ` entityID="${escapeXml(entityIdOf(sp))}">`,
    '<md:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">',
    keyDescriptor('signing'),
    keyDescriptor('encryption'),
    '<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>',
    `<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${escapeXml(acsUrlOf(sp))}" index="0" isDefault="true"/>`,
    `<md:AttributeConsumingService index="0"><md:ServiceName xml:lang="en">${escapeXml(sp.title)}</md:ServiceName>`,
    ...requested,
    '</md:AttributeConsumingService>',
    '</md:SPSSODescriptor>',
    '</md:EntityDescriptor>',
    '',
  ].join('\n');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
