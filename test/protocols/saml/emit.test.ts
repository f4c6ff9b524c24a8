// What Signet emits, as xmlsec1, the SAML schemas and a fresh parser see it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Element } from '@xmldom/xmldom';
import { NAME_ID_FORMAT, NS, STATUS } from '../../../src/saml/names.ts';
import { canonical } from '../../../src/xml/build.ts';
import { parseMessage } from '../../../src/xml/parse.ts';
import { verifySigned } from '../../../src/xml/verify.ts';
import { requireTool } from '../../support/tools.ts';
import { SAML_SCHEMAS, validateSamlXsd, xmlsecDecrypt, xmlsecVerify } from '../../support/xml-tools.ts';
import {
  ACS,
  ALICE,
  accepted,
  answered,
  authenticated,
  authnRequest,
  createIdp,
  ENTITY_ID,
  type IdpOptions,
  idpEcKey,
  idpKey,
  keyDescriptor,
  NOW,
  type RequestOptions,
  redirectQuery,
  responseXml,
  SESSION,
  SP,
  samlp,
  signInAt,
  spKey,
  stableSecret,
} from './idp.ts';

const RESPONSE = `${NS.protocol.uri}:Response`;
const ASSERTION = `${NS.assertion.uri}:Assertion`;
const ENCRYPTION = { keys: keyDescriptor(spKey.certificatePem) };

const requested = (...names: readonly string[]): string =>
  `<md:AttributeConsumingService index="0"><md:ServiceName xml:lang="en">Wiki</md:ServiceName>${names
    .map(
      (name) => `<md:RequestedAttribute Name="${name}" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"/>`,
    )
    .join('')}</md:AttributeConsumingService>`;
const MAIL = 'urn:oid:0.9.2342.19200300.100.1.3';
const UID = 'urn:oid:0.9.2342.19200300.100.1.1';

const parsed = (xml: string): Element => {
  const result = parseMessage(xml);
  if (result.kind !== 'xml') assert.fail(result.detail);
  return result.root;
};
const one = (root: Element, name: string): Element => {
  const [found, ...others] = [...root.getElementsByTagName(`saml:${name}`)];
  assert.equal(others.length, 0, name);
  assert.ok(found, `${name} is missing`);
  return found;
};

const shapes: readonly { readonly name: string; readonly idp: IdpOptions; readonly request?: RequestOptions }[] = [
  { name: 'a plain party', idp: {} },
  { name: 'signed assertions', idp: { metadata: { role: ' WantAssertionsSigned="true"' } } },
  {
    name: 'attributes of several values',
    idp: { settings: { attributes: ['mail', 'displayName', { name: 'eduPersonEntitlement', from: 'entitlements' }] } },
  },
  {
    name: 'attributes with a type, signed twice',
    idp: { settings: { attributes: ['mail', 'sn'], attributeTypes: true, signAssertions: true } },
  },
  { name: 'RSA-SHA512', idp: { settings: { signatureAlgorithm: 'rsa-sha512' } } },
  { name: 'persistent NameID', idp: { settings: { nameId: { format: 'persistent' } } } },
  { name: 'subject identifiers', idp: { settings: { attributes: ['subject-id', 'pairwise-id'] } } },
];
for (const { name, idp, request } of shapes) {
  test(`valid for the schema and for xmlsec1: ${name}`, async (t) => {
    if (!requireTool(t, 'xmlsec1') || !requireTool(t, SAML_SCHEMAS)) return;
    const { reply } = await signInAt(createIdp(idp), request);
    const xml = responseXml(reply);
    const valid = validateSamlXsd(xml, 'protocol');
    assert.ok(valid.ok, valid.stderr);
    const verified = xmlsecVerify(xml, idpKey.publicKey, { element: RESPONSE, idsOf: [ASSERTION] });
    assert.ok(verified.ok, verified.stderr);
    const inner = xmlsecVerify(xml, idpKey.publicKey, { element: ASSERTION, idsOf: [RESPONSE] });
    assert.equal(
      inner.ok,
      createIdp(idp).party.settings.signAssertions ?? createIdp(idp).party.metadata.wantAssertionsSigned,
    );
  });
}

test('ECDSA by party choice', async (t) => {
  if (!requireTool(t, 'xmlsec1')) return;
  const { reply } = await signInAt(createIdp({ settings: { signatureAlgorithm: 'ecdsa-sha256' } }));
  const verified = xmlsecVerify(responseXml(reply), idpEcKey.publicKey, { element: RESPONSE });
  assert.ok(verified.ok, verified.stderr);
});

const algorithm = (name: string, uri: string): string =>
  `<md:Extensions><alg:${name} xmlns:alg="${NS.algorithms.uri}" Algorithm="${uri}"/></md:Extensions>`;
const listed = [
  {
    name: 'a listed SigningMethod',
    extension: algorithm('SigningMethod', 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512'),
    contains: '#rsa-sha512"',
  },
  {
    name: 'a listed DigestMethod',
    extension: algorithm('DigestMethod', 'http://www.w3.org/2001/04/xmlenc#sha512'),
    contains: 'xmlenc#sha512"',
  },
  {
    name: 'SHA-1 is never made, even when nothing else is listed',
    extension: algorithm('SigningMethod', 'http://www.w3.org/2000/09/xmldsig#rsa-sha1'),
    contains: '#rsa-sha256"',
  },
  {
    name: 'a SHA-1 digest neither',
    extension: algorithm('DigestMethod', 'http://www.w3.org/2000/09/xmldsig#sha1'),
    contains: 'xmlenc#sha256"',
  },
];
for (const { name, extension, contains } of listed) {
  test(name, async () => {
    const { reply } = await signInAt(createIdp({ metadata: { extensions: extension } }));
    assert.ok(responseXml(reply).includes(contains));
    assert.ok(!responseXml(reply).includes('sha1'));
  });
}

test('what the assertion says', async () => {
  const answer = await signInAt(createIdp(), {}, 'where?');
  assert.deepEqual(answer.reply.kind === 'auto-post' && answer.reply.fields[1], ['RelayState', 'where?']);
  assert.equal(answer.reply.kind === 'auto-post' && answer.reply.action, ACS);
  const root = parsed(responseXml(answer.reply));
  assert.equal(root.getAttribute('InResponseTo'), '_request1');
  assert.equal(root.getAttribute('Destination'), ACS);
  const confirmation = one(root, 'SubjectConfirmationData');
  const at = (offset: number): string => new Date((NOW + offset) * 1000).toISOString().replace('.000', '');
  assert.equal(confirmation.getAttribute('Recipient'), ACS);
  assert.equal(confirmation.getAttribute('InResponseTo'), '_request1');
  assert.equal(confirmation.getAttribute('NotOnOrAfter'), at(240));
  assert.equal(confirmation.getAttribute('Address'), null);
  const conditions = one(root, 'Conditions');
  assert.equal(conditions.getAttribute('NotBefore'), at(-60));
  assert.equal(conditions.getAttribute('NotOnOrAfter'), at(240));
  assert.equal(one(root, 'Audience').textContent, SP);
  const statement = one(root, 'AuthnStatement');
  assert.equal(statement.getAttribute('AuthnInstant'), at(-600));
  assert.equal(statement.getAttribute('SessionNotOnOrAfter'), at(-600 + 43_200));
  assert.deepEqual(stableSecret.sidOf(`saml:${SP}`, statement.getAttribute('SessionIndex') ?? ''), SESSION.sid);
  assert.equal(
    one(root, 'AuthnContextClassRef').textContent,
    'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
  );
  assert.equal(root.getElementsByTagName('saml:AttributeStatement').length, 0);
});

test('a party can be given a shorter session', async () => {
  const root = parsed(responseXml((await signInAt(createIdp({ settings: { sessionLifetime: 3600 } }))).reply));
  const end = one(root, 'AuthnStatement').getAttribute('SessionNotOnOrAfter');
  assert.equal(Date.parse(end ?? '') / 1000, NOW + 3600);
});

const releases: readonly {
  readonly name: string;
  readonly idp: IdpOptions;
  readonly released: Readonly<Record<string, readonly string[]>>;
}[] = [
  { name: 'nothing without a request or a policy', idp: {}, released: {} },
  {
    name: 'what is requested, of the safe set',
    idp: { metadata: { services: requested(MAIL, UID, 'urn:x:shoeSize') } },
    released: { mail: ['alice@example.org', 'a.a@example.org'] },
  },
  {
    name: 'a policy instead of what is requested',
    idp: {
      metadata: { services: requested(MAIL) },
      settings: { attributes: ['uid', { name: 'size', from: 'shoeSize' }] },
    },
    released: { uid: ['alice'], size: ['38'] },
  },
  {
    name: 'an empty policy is one',
    idp: { metadata: { services: requested(MAIL) }, settings: { attributes: [] } },
    released: {},
  },
  {
    name: 'only some values',
    idp: {
      settings: {
        attributes: [{ name: 'eduPersonEntitlement', from: 'entitlements', values: ['urn:x:user', 'urn:x:other'] }],
      },
    },
    released: { eduPersonEntitlement: ['urn:x:user'] },
  },
  {
    name: 'groups when a policy says so',
    idp: { settings: { attributes: ['isMemberOf'] } },
    released: { isMemberOf: ['staff'] },
  },
  { name: 'attributes without a value are left out', idp: { settings: { attributes: ['title'] } }, released: {} },
];
for (const { name, idp, released } of releases) {
  test(`attribute release: ${name}`, async () => {
    const root = parsed(responseXml((await signInAt(createIdp(idp))).reply));
    const found = [...root.getElementsByTagName('saml:Attribute')].map((attribute) => [
      attribute.getAttribute('FriendlyName') ?? attribute.getAttribute('Name'),
      [...attribute.getElementsByTagName('saml:AttributeValue')].map((value) => value.textContent),
    ]);
    assert.deepEqual(Object.fromEntries(found), released);
  });
}

test('known attributes go out under their URI, with a friendly name', async () => {
  const root = parsed(responseXml((await signInAt(createIdp({ settings: { attributes: ['mail'] } }))).reply));
  const attribute = one(root, 'Attribute');
  assert.equal(attribute.getAttribute('Name'), MAIL);
  assert.equal(attribute.getAttribute('NameFormat'), 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri');
  assert.equal(attribute.getAttribute('FriendlyName'), 'mail');
});

const persistentValue = stableSecret.pairwiseId(`saml:${SP}`, ALICE.id);
const policy = (format: string): RequestOptions => ({ children: [samlp('NameIDPolicy', { Format: format })] });
const nameIds: readonly {
  readonly name: string;
  readonly idp: IdpOptions;
  readonly request?: RequestOptions;
  readonly format: string;
  readonly value?: string;
}[] = [
  { name: 'transient when nobody asks', idp: {}, format: NAME_ID_FORMAT.transient },
  {
    name: 'persistent by request',
    idp: {},
    request: policy(NAME_ID_FORMAT.persistent),
    format: NAME_ID_FORMAT.persistent,
    value: persistentValue,
  },
  {
    name: 'the first listed format',
    idp: {
      metadata: {
        formats: ['urn:x:none', NAME_ID_FORMAT.unspecified, NAME_ID_FORMAT.persistent, NAME_ID_FORMAT.transient],
      },
    },
    format: NAME_ID_FORMAT.persistent,
    value: persistentValue,
  },
  {
    name: 'unspecified leaves it to us',
    idp: { metadata: { formats: [NAME_ID_FORMAT.persistent] } },
    request: policy(NAME_ID_FORMAT.unspecified),
    format: NAME_ID_FORMAT.persistent,
    value: persistentValue,
  },
  {
    name: 'an e-mail address to a party that lists it',
    idp: { metadata: { formats: [NAME_ID_FORMAT.emailAddress] } },
    format: NAME_ID_FORMAT.emailAddress,
    value: 'alice@example.org',
  },
  {
    name: 'an attribute under unspecified, by settings',
    idp: { settings: { nameId: { format: 'unspecified', attribute: 'uid' } } },
    format: NAME_ID_FORMAT.unspecified,
    value: 'alice',
  },
  {
    name: 'e-mail address from another attribute',
    idp: { settings: { nameId: { format: 'emailAddress', attribute: 'eduPersonPrincipalName' } } },
    format: NAME_ID_FORMAT.emailAddress,
    value: 'alice@example.org',
  },
];
for (const { name, idp, request, format, value } of nameIds) {
  test(`NameID: ${name}`, async () => {
    const nameId = one(parsed(responseXml((await signInAt(createIdp(idp), request)).reply)), 'NameID');
    assert.equal(nameId.getAttribute('Format'), format);
    if (value !== undefined) assert.equal(nameId.textContent, value);
    const opaque = format === NAME_ID_FORMAT.persistent || format === NAME_ID_FORMAT.transient;
    assert.equal(nameId.getAttribute('NameQualifier'), opaque ? ENTITY_ID : null);
    assert.equal(nameId.getAttribute('SPNameQualifier'), opaque ? SP : null);
  });
}

test('a transient NameID is made again for a party that is in the session, and only for it', async () => {
  const idp = createIdp();
  const first = await signInAt(idp);
  assert.ok(first.participant);
  const { participant } = first;
  const later = createIdp({ now: NOW + 60 });
  const again = await signInAt(later, {}, undefined, { ...SESSION, participants: [participant] });
  const fresh = await signInAt(later);
  const value = (answer: typeof first): string | null => one(parsed(responseXml(answer.reply)), 'NameID').textContent;
  assert.equal(value(again), value(first));
  assert.deepEqual(again.participant, participant);
  assert.notEqual(value(fresh), value(first));
});

test('a transient NameID whose key has gone is made anew', async () => {
  const idp = createIdp();
  const participant = {
    relyingParty: idp.party.hash,
    at: NOW - 60,
    nameId: { kind: 'transient', kidPrefix: Buffer.from('0000', 'hex') },
  } as const;
  const answer = await signInAt(idp, {}, undefined, { ...SESSION, participants: [participant] });
  assert.equal(answer.participant?.at, NOW);
});

test('no value for the NameID: the party gets a status', async () => {
  const idp = createIdp({ settings: { nameId: { format: 'emailAddress', attribute: 'title' } } });
  const answer = await signInAt(idp);
  assert.equal(answer.error?.code, 'name-id-unavailable');
  assert.equal(answer.participant, null);
  assert.ok(responseXml(answer.reply).includes(STATUS.invalidNameIdPolicy));
});

const encryptions = [
  { name: 'defaults', methods: '', contains: ['xmlenc11#aes256-gcm"', 'xmlenc#rsa-oaep-mgf1p"', 'xmldsig#sha1"'] },
  {
    name: 'a listed GCM over a listed CBC',
    methods:
      '<md:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc"/><md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes128-gcm"/>',
    contains: ['xmlenc11#aes128-gcm"'],
  },
  {
    name: 'CBC when nothing better is listed',
    methods: '<md:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc"/>',
    contains: ['xmlenc#aes256-cbc"'],
  },
];
for (const { name, methods, contains } of encryptions) {
  test(`encrypted and decrypted by xmlsec1: ${name}`, async (t) => {
    if (!requireTool(t, 'xmlsec1') || !requireTool(t, SAML_SCHEMAS)) return;
    const keys = keyDescriptor(spKey.certificatePem, 'encryption', methods);
    const idp = createIdp({
      metadata: { keys, role: ' WantAssertionsSigned="true"' },
      settings: { attributes: ['displayName'] },
    });
    const xml = responseXml((await signInAt(idp)).reply);
    assert.ok(!xml.includes('Alice'));
    for (const uri of contains) assert.ok(xml.includes(uri), uri);
    const valid = validateSamlXsd(xml, 'protocol');
    assert.ok(valid.ok, valid.stderr);
    assert.ok(xmlsecVerify(xml, idpKey.publicKey, { element: RESPONSE }).ok);
    const decrypted = xmlsecDecrypt(xml, spKey.privateKey);
    assert.ok(decrypted.ok, decrypted.stderr);
    const text = decrypted.stdout.toString();
    // libxml2 writes what is not ASCII as character references.
    assert.ok(text.includes('Alice &#xC5;ngstr&#xF6;m'));
    const inner = xmlsecVerify(text, idpKey.publicKey, { element: ASSERTION, idsOf: [RESPONSE] });
    assert.ok(inner.ok, inner.stderr);
  });
}

test('the listed SHA-256 form of RSA-OAEP is used', async () => {
  const methods = `<md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#rsa-oaep"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/></md:EncryptionMethod>`;
  const xml = responseXml(
    (await signInAt(createIdp({ metadata: { keys: keyDescriptor(spKey.certificatePem, 'encryption', methods) } })))
      .reply,
  );
  assert.ok(xml.includes('xmlenc11#rsa-oaep"'));
  assert.ok(!xml.includes('sha1"'));
});

test('settings can turn encryption off', async () => {
  const idp = createIdp({ metadata: ENCRYPTION, settings: { encryption: { use: 'never' } } });
  one(parsed(responseXml((await signInAt(idp)).reply)), 'Assertion');
});

test('every signature covers the whole response', async () => {
  const xml = responseXml((await signInAt(createIdp())).reply);
  const signed = verifySigned(xml, [idpKey.publicKey]);
  assert.equal(signed.kind, 'signed');
  const forged = verifySigned(xml.replace('alice', 'mallory').replace(ACS, 'https://evil.example/acs'), [
    idpKey.publicKey,
  ]);
  assert.equal(forged.kind, 'signature-problem');
});

const refusals = [
  [{ reason: 'interaction-needed', needed: 'login' }, STATUS.noPassive],
  [{ reason: 'interaction-needed', needed: 'consent' }, STATUS.noPassive],
  [{ reason: 'assurance-unmet' }, STATUS.noAuthnContext],
  [{ reason: 'wrong-subject' }, STATUS.unknownPrincipal],
  [{ reason: 'account-disabled' }, STATUS.authnFailed],
  [{ reason: 'declined' }, STATUS.requestDenied],
  [{ reason: 'unavailable' }, STATUS.authnFailed],
] as const;
for (const [refusal, second] of refusals) {
  test(`refusal ${Object.values(refusal).filter(Boolean).join(', ')}: a signed, nested status`, async (t) => {
    if (!requireTool(t, 'xmlsec1') || !requireTool(t, SAML_SCHEMAS)) return;
    const idp = createIdp({ metadata: ENCRYPTION });
    const request = accepted(await idp.endpoint.receiveRedirect(redirectQuery(canonical(authnRequest()), 'rs')));
    const answer = await answered(idp, request, { kind: 'refused', account: null, ...refusal });
    const xml = responseXml(answer.reply);
    const valid = validateSamlXsd(xml, 'protocol');
    assert.ok(valid.ok, valid.stderr);
    assert.ok(xmlsecVerify(xml, idpKey.publicKey, { element: RESPONSE }).ok);
    const codes = [...parsed(xml).getElementsByTagName('samlp:StatusCode')].map((code) => code.getAttribute('Value'));
    assert.deepEqual(codes, [STATUS.responder, second]);
    assert.equal(answer.participant, null);
    assert.ok(!xml.includes('Assertion>'));
  });
}

test('a party that went away while the person signed in: a page', async () => {
  const idp = createIdp();
  const request = accepted(await idp.endpoint.receiveRedirect(redirectQuery(canonical(authnRequest()))));
  idp.parties.clear();
  const answer = await idp.adapter.answer(authenticated(), request.answerTo);
  assert.equal(answer.kind === 'refused' && answer.page, 'unknown-party');
});

test('an endpoint that went away: a page, not another endpoint', async () => {
  const idp = createIdp();
  const request = accepted(await idp.endpoint.receiveRedirect(redirectQuery(canonical(authnRequest()))));
  const endpoints = `<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/new" index="0"/>`;
  idp.parties.set(SP, createIdp({ metadata: { endpoints } }).party);
  const answer = await idp.adapter.answer(authenticated(), request.answerTo);
  assert.equal(answer.kind === 'refused' && answer.page, 'wrong-return-address');
});
