// Owns: an identity provider with one kind of party, keys made once, a clock that stands still, requests to send it.
import { createHash } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import type { Account } from '../../../src/core/account.ts';
import type { AuthenticationRequest } from '../../../src/core/authentication-request.ts';
import type { AuthenticationResult } from '../../../src/core/authentication-result.ts';
import type { Answer, Arrival } from '../../../src/core/protocol-adapter.ts';
import type { Reply } from '../../../src/core/reply.ts';
import type { Session } from '../../../src/core/session.ts';
import { createParty, type Party } from '../../../src/parties/party.ts';
import { DEFAULT_SETTINGS, type PartySettings, partySettingsSchema } from '../../../src/parties/party-settings.ts';
import { createPreparedParties } from '../../../src/protocols/saml/prepared-party.ts';
import { createSamlAdapter, type SamlAdapter } from '../../../src/protocols/saml/saml-adapter.ts';
import { createSigners } from '../../../src/protocols/saml/signers.ts';
import { createSsoEndpoint, type SsoEndpoint } from '../../../src/protocols/saml/sso-endpoint.ts';
import { formatInstant } from '../../../src/saml/date-time.ts';
import { readMetadata } from '../../../src/saml/metadata-read.ts';
import { NS } from '../../../src/saml/names.ts';
import { newStableSecret, parseStableSecret } from '../../../src/sealer/stable-secret.ts';
import { localSigner } from '../../../src/signing/local-signer.ts';
import { type Attributes, canonical, element, type XmlElement } from '../../../src/xml/build.ts';
import { readCertificate } from '../../../src/xml/key.ts';
import { createXmlSigner, signElement, signQuery } from '../../../src/xml/sign.ts';
import { KEY1, KEY2, NOW, testSealer } from '../../sealer/support.ts';
import { ecKey, rsaKey } from '../../xml/keys.ts';

export { NOW };
export const ENTITY_ID = 'https://idp.example/saml/idp/metadata';
export const SSO_URL = 'https://idp.example/saml/idp/sso';
export const SP = 'https://sp.example/metadata';
export const ACS = 'https://sp.example/acs';
export const ACS_TWO = 'https://sp.example/acs/two';
export const SKEW = 300;

const [idpKey, idpEcKey, spKey, strangerKey] = await Promise.all([rsaKey(), ecKey(), rsaKey(), rsaKey()]);

export { idpEcKey, idpKey, spKey, strangerKey };

export const bare = (pem: string): string => pem.replace(/-----[A-Z ]+-----|\s/g, '');

export interface MetadataOptions {
  readonly entityId?: string;
  readonly role?: string;
  readonly entity?: string;
  readonly keys?: string;
  readonly endpoints?: string;
  readonly formats?: readonly string[];
  /** Inside SPSSODescriptor, first. */
  readonly extensions?: string;
  /** Inside SPSSODescriptor, last. */
  readonly services?: string;
}

export function keyDescriptor(certificatePem: string, use?: string, methods = ''): string {
  return `<md:KeyDescriptor${use === undefined ? '' : ` use="${use}"`}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${bare(certificatePem)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>${methods}</md:KeyDescriptor>`;
}

export const POST_ENDPOINTS = `<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${ACS}" index="0" isDefault="true"/><md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${ACS_TWO}" index="1"/><md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact" Location="https://sp.example/artifact" index="2"/>`;

export function metadataXml(options: MetadataOptions = {}): string {
  const { entityId = SP, role = '', entity = '', endpoints = POST_ENDPOINTS } = options;
  const keys = options.keys ?? keyDescriptor(spKey.certificatePem, 'signing');
  const formats = (options.formats ?? []).map((format) => `<md:NameIDFormat>${format}</md:NameIDFormat>`).join('');
  return `<?xml version="1.0"?>
<!-- as real metadata opens -->
<md:EntityDescriptor xmlns:md="${NS.metadata.uri}" xmlns:ds="${NS.signature.uri}" xmlns:saml="${NS.assertion.uri}" entityID="${entityId}"${entity}>
  <md:SPSSODescriptor protocolSupportEnumeration="${NS.protocol.uri}"${role}>${options.extensions ?? ''}${keys}${formats}${endpoints}${options.services ?? ''}</md:SPSSODescriptor>
</md:EntityDescriptor>`;
}

export interface IdpOptions {
  readonly metadata?: MetadataOptions;
  readonly settings?: unknown;
  readonly wantAuthnRequestsSigned?: boolean;
  readonly now?: number;
}

export interface Idp {
  readonly endpoint: SsoEndpoint;
  readonly adapter: SamlAdapter;
  readonly party: Party;
  /** What the registry answers from; a test may take the party away. */
  readonly parties: Map<string, Party>;
}

const stableSecret = parseStableSecret(Buffer.from(newStableSecret((length) => Buffer.alloc(length, 7))));

export { stableSecret };

export function createIdp(options: IdpOptions = {}): Idp {
  const now = options.now ?? NOW;
  const settings: PartySettings =
    options.settings === undefined ? DEFAULT_SETTINGS : partySettingsSchema.parse(options.settings);
  const party = partyOf(metadataXml(options.metadata), settings);
  const parties = new Map([[party.metadata.entityId, party]]);
  const registry = {
    find: (entityId: string) => parties.get(entityId),
    findByHash: (hash: string) => [...parties.values()].find((one) => one.hash === hash),
  };
  let count = 0;
  const random = (length: number): Buffer => createHash('sha512').update(`${++count}`).digest().subarray(0, length);
  const clock = (): number => now;
  const { sealer } = testSealer({ clock });
  const prepared = createPreparedParties(() => IDP_SIGNERS, options.wantAuthnRequestsSigned ?? false);
  const endpoint = createSsoEndpoint({
    entityId: ENTITY_ID,
    ssoUrl: SSO_URL,
    registry,
    prepared,
    sealer,
    clock,
    random,
    issueInstantSkew: SKEW,
  });
  const adapter = createSamlAdapter({
    entityId: ENTITY_ID,
    registry,
    prepared,
    sealer,
    stableSecret,
    kidByPrefix: (prefix) =>
      [KEY1, KEY2].find(({ kid }) => kid.startsWith(Buffer.from(prefix).toString('hex')))?.kid ?? null,
    clock,
    random,
    assertionLifetime: 300,
    skew: 60,
    sessionAbsolute: 43_200,
    issueInstantSkew: SKEW,
    scope: 'example.org',
  });
  return { endpoint, adapter, party, parties };
}

export function partyOf(xml: string, settings: PartySettings = DEFAULT_SETTINGS): Party {
  const read = readMetadata(Buffer.from(xml), 'sp.xml');
  const [first] = read.serviceProviders;
  if (first === undefined) throw new Error(JSON.stringify(read.problems));
  const party = createParty(first, settings, 'sp.xml');
  if (!('hash' in party)) throw new Error(JSON.stringify(party));
  return party;
}

export interface RequestOptions {
  /** Over the defaults; undefined leaves one out. */
  readonly attributes?: Attributes;
  readonly issuer?: string;
  readonly children?: readonly XmlElement[];
}

export function authnRequest(options: RequestOptions = {}): XmlElement {
  const attributes = {
    ID: '_request1',
    Version: '2.0',
    IssueInstant: formatInstant(NOW),
    Destination: SSO_URL,
    AssertionConsumerServiceURL: ACS,
    ...options.attributes,
  };
  const issuer = element(NS.assertion, 'Issuer', {}, options.issuer ?? SP);
  return element(NS.protocol, 'AuthnRequest', attributes, issuer, ...(options.children ?? []));
}

export function redirectQuery(xml: string, relayState?: string): string {
  const message = encodeURIComponent(deflateRawSync(xml).toString('base64'));
  return `SAMLRequest=${message}${relayState === undefined ? '' : `&RelayState=${encodeURIComponent(relayState)}`}`;
}

const IDP_SIGNERS = createSigners(
  [idpKey, idpEcKey].map(({ privateKey, certificatePem }) => ({
    signer: localSigner(privateKey),
    certificate: readCertificate(certificatePem),
  })),
);
const SP_SIGNER = createXmlSigner({ ...spKey, algorithm: 'rsa-sha256' });
const STRANGER = createXmlSigner({ ...strangerKey, algorithm: 'rsa-sha256' });

export async function signedQuery(
  xml: string,
  relayState?: string,
  by: 'party' | 'stranger' = 'party',
): Promise<string> {
  const signer = by === 'party' ? SP_SIGNER : STRANGER;
  const octets = `${redirectQuery(xml, relayState)}&SigAlg=${encodeURIComponent(signer.algorithmUri)}`;
  return `${octets}&Signature=${encodeURIComponent((await signQuery(octets, signer)).toString('base64'))}`;
}

export async function signedXml(root: XmlElement, by: 'party' | 'stranger' = 'party'): Promise<string> {
  const signer = by === 'party' ? SP_SIGNER : STRANGER;
  const id = root.attributes.find(([name]) => name === 'ID')?.[1] ?? '';
  return canonical(await signElement(root, { id, signer, after: 'Issuer' }));
}

export function postForm(xml: string, relayState?: string): ReadonlyMap<string, string> {
  const form = new Map([['SAMLRequest', Buffer.from(xml).toString('base64')]]);
  if (relayState !== undefined) form.set('RelayState', relayState);
  return form;
}

/** The request of an arrival that goes on to the login flow. */
export function accepted(arrival: Arrival): AuthenticationRequest {
  if (arrival.kind !== 'authenticate')
    throw new Error(`${arrival.kind}: ${arrival.error.code} ${arrival.error.detail}`);
  return arrival.request;
}

/** `page CODE`, `party CODE` or `accepted`. */
export function outcome(arrival: Arrival): string {
  if (arrival.kind === 'authenticate') return 'accepted';
  return `${arrival.kind === 'refused' ? 'page' : 'party'} ${arrival.error.code}`;
}

/** The Response inside an auto-post. */
export function responseXml(reply: Reply): string {
  if (reply.kind !== 'auto-post') throw new Error(reply.kind);
  const [, value = ''] = reply.fields.find(([name]) => name === 'SAMLResponse') ?? [];
  return Buffer.from(value, 'base64').toString();
}

export const ALICE: Account = {
  id: 'k3Jq0yXv7rWcN2mPzT9bLg',
  loginName: 'alice',
  disabled: false,
  attributes: new Map([
    ['displayName', ['Alice Ångström']],
    ['givenName', ['Alice']],
    ['sn', ['Ångström']],
    ['mail', ['alice@example.org', 'a.a@example.org']],
    ['eduPersonPrincipalName', ['alice@example.org']],
    ['entitlements', ['urn:x:admin', 'urn:x:user']],
    ['shoeSize', ['38']],
  ]),
  groups: ['staff'],
};

export const SESSION: Session = {
  sid: Buffer.alloc(16, 3),
  accountId: ALICE.id,
  created: NOW - 600,
  events: [{ method: 'password', credentialId: 'password', at: NOW - 600 }],
  participants: [],
  lineage: [],
};

export function authenticated(session: Session = SESSION, account: Account = ALICE): AuthenticationResult {
  return { kind: 'authenticated', account, session, proofs: session.events, change: { kind: 'none' }, agreed: null };
}

/** Sends a Redirect request with these options and answers it for Alice. */
export async function signInAt(
  idp: Idp,
  options: RequestOptions = {},
  relayState?: string,
  session = SESSION,
): Promise<Answer> {
  const arrival = await idp.endpoint.receiveRedirect(redirectQuery(canonical(authnRequest(options)), relayState));
  return answered(idp, accepted(arrival), authenticated(session));
}

export async function answered(
  idp: Idp,
  request: AuthenticationRequest,
  result: AuthenticationResult,
): Promise<Answer> {
  const answer = await idp.adapter.answer(result, request.answerTo);
  if (answer.kind === 'refused') throw new Error(answer.error.code);
  return answer;
}

export const saml = (name: string, attributes: Attributes, ...children: (XmlElement | string)[]): XmlElement =>
  element(NS.assertion, name, attributes, ...children);
export const samlp = (name: string, attributes: Attributes, ...children: (XmlElement | string)[]): XmlElement =>
  element(NS.protocol, name, attributes, ...children);
