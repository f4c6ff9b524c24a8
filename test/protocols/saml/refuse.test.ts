// Every line of what the endpoint refuses: with a signed status when the return address is verified, else with a page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUTHN_CONTEXT, BINDING, NAME_ID_FORMAT, STATUS } from '../../../src/saml/names.ts';
import { type Attributes, canonical, element } from '../../../src/xml/build.ts';
import { requireTool } from '../../support/tools.ts';
import { SAML_SCHEMAS, validateSamlXsd, xmlsecVerify } from '../../support/xml-tools.ts';
import {
  ACS,
  authnRequest,
  createIdp,
  type IdpOptions,
  idpKey,
  NOW,
  outcome,
  postForm,
  type RequestOptions,
  redirectQuery,
  responseXml,
  SKEW,
  SP,
  saml,
  samlp,
  signedQuery,
} from './idp.ts';

interface Row {
  readonly name: string;
  readonly request?: RequestOptions;
  readonly idp?: IdpOptions;
  readonly relayState?: string;
  readonly expect: string;
}

const issued = (at: number): RequestOptions => ({ attributes: { IssueInstant: new Date(at * 1000).toISOString() } });
const with_ = (attributes: Attributes): RequestOptions => ({ attributes });
const childrenOf = (...children: NonNullable<RequestOptions['children']>): RequestOptions => ({ children });

const rows: readonly Row[] = [
  { name: 'unknown party', request: { issuer: 'https://unknown.example' }, expect: 'page unknown-party' },
  { name: 'another case of a known party', request: { issuer: SP.toUpperCase() }, expect: 'page unknown-party' },
  {
    name: 'expired metadata',
    idp: { metadata: { entity: ` validUntil="${new Date(NOW * 1000).toISOString()}"` } },
    expect: 'page metadata-expired',
  },
  {
    name: 'expired role',
    idp: { metadata: { role: ` validUntil="2001-01-01T00:00:00Z"` } },
    expect: 'page metadata-expired',
  },
  {
    name: 'wrong Destination',
    request: with_({ Destination: 'https://other.example/saml/idp/sso' }),
    expect: 'party wrong-destination',
  },
  {
    name: 'Destination with another case',
    request: with_({ Destination: 'https://IDP.example/saml/idp/sso' }),
    expect: 'party wrong-destination',
  },
  {
    name: 'Destination with a query',
    request: with_({ Destination: 'https://idp.example/saml/idp/sso?x' }),
    expect: 'party wrong-destination',
  },
  { name: 'empty Destination', request: with_({ Destination: '' }), expect: 'party wrong-destination' },
  { name: 'Version 1.1', request: with_({ Version: '1.1' }), expect: 'party wrong-version' },
  { name: 'Version 2.1', request: with_({ Version: '2.1' }), expect: 'party wrong-version' },
  { name: 'no Version', request: with_({ Version: undefined }), expect: 'party wrong-version' },
  { name: 'issued too long ago', request: issued(NOW - SKEW - 1), expect: 'party stale-request' },
  { name: 'issued in the future', request: issued(NOW + SKEW + 1), expect: 'party stale-request' },
  { name: 'no IssueInstant', request: with_({ IssueInstant: undefined }), expect: 'party stale-request' },
  {
    name: 'IssueInstant in local time',
    request: with_({ IssueInstant: '2026-09-21T16:53:20' }),
    expect: 'party stale-request',
  },
  {
    name: 'IssueInstant on 30 February',
    request: with_({ IssueInstant: '2026-02-30T00:00:00Z' }),
    expect: 'party stale-request',
  },
  { name: 'no ID', request: with_({ ID: undefined }), expect: 'party bad-id' },
  { name: 'empty ID', request: with_({ ID: '' }), expect: 'party bad-id' },
  { name: 'an ID that is no name', request: with_({ ID: '1 2' }), expect: 'party bad-id' },
  { name: 'a very long ID', request: with_({ ID: `_${'a'.repeat(200)}` }), expect: 'party bad-id' },
  { name: 'RelayState of 513 bytes', relayState: 'x'.repeat(513), expect: 'party relay-state-too-long' },
  { name: 'RelayState of 171 snowmen', relayState: '☃'.repeat(171), expect: 'party relay-state-too-long' },
  {
    name: 'artifact binding',
    request: with_({ ProtocolBinding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact' }),
    expect: 'party unsupported-binding',
  },
  {
    name: 'redirect binding for the answer',
    request: with_({ ProtocolBinding: BINDING.redirect }),
    expect: 'party unsupported-binding',
  },
  {
    name: 'an unknown NameID format',
    request: childrenOf(samlp('NameIDPolicy', { Format: 'urn:x:none' })),
    expect: 'party unsupported-name-id',
  },
  {
    name: 'encrypted NameID',
    request: childrenOf(samlp('NameIDPolicy', { Format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted' })),
    expect: 'party unsupported-name-id',
  },
  {
    name: 'an e-mail address without being registered for it',
    request: childrenOf(samlp('NameIDPolicy', { Format: NAME_ID_FORMAT.emailAddress })),
    expect: 'party unsupported-name-id',
  },
  {
    name: 'a NameID in the name of another party',
    request: childrenOf(samlp('NameIDPolicy', { SPNameQualifier: 'https://other.example' })),
    expect: 'party unsupported-name-id',
  },
  {
    name: 'EncryptedID as the subject',
    request: childrenOf(saml('Subject', {}, saml('EncryptedID', {}))),
    expect: 'party unsupported-subject',
  },
  {
    name: 'a subject with a confirmation',
    request: childrenOf(
      saml(
        'Subject',
        {},
        saml('NameID', {}, 'x'),
        saml('SubjectConfirmation', { Method: 'urn:oasis:names:tc:SAML:2.0:cm:bearer' }),
      ),
    ),
    expect: 'party unsupported-subject',
  },
  {
    name: 'a subject in a format that the party does not get',
    request: childrenOf(saml('Subject', {}, saml('NameID', { Format: NAME_ID_FORMAT.emailAddress }, 'a@b'))),
    expect: 'party unsupported-subject',
  },
  {
    name: 'a subject that another identity provider named',
    request: childrenOf(
      saml(
        'Subject',
        {},
        saml('NameID', { Format: NAME_ID_FORMAT.persistent, NameQualifier: 'https://other.example' }, 'x'),
      ),
    ),
    expect: 'party unsupported-subject',
  },
  {
    name: 'a declaration instead of a class',
    request: childrenOf(samlp('RequestedAuthnContext', {}, saml('AuthnContextDeclRef', {}, 'urn:x'))),
    expect: 'party unsupported-authn-context',
  },
  {
    name: 'nothing is better than the best',
    request: childrenOf(
      samlp(
        'RequestedAuthnContext',
        { Comparison: 'better' },
        saml('AuthnContextClassRef', {}, AUTHN_CONTEXT.nistAal3),
      ),
    ),
    expect: 'party unsupported-authn-context',
  },
  {
    name: 'an unknown Comparison',
    request: childrenOf(
      samlp('RequestedAuthnContext', { Comparison: 'Exact' }, saml('AuthnContextClassRef', {}, 'urn:x')),
    ),
    expect: 'page bad-message',
  },
  {
    name: 'an empty RequestedAuthnContext',
    request: childrenOf(samlp('RequestedAuthnContext', {})),
    expect: 'page bad-message',
  },
  { name: 'ForceAuthn that is no boolean', request: with_({ ForceAuthn: 'TRUE' }), expect: 'page bad-message' },
  {
    name: 'an index that is no number',
    request: with_({ AssertionConsumerServiceIndex: '-1' }),
    expect: 'page bad-message',
  },
  { name: 'an unknown attribute', request: with_({ Extra: 'x' }), expect: 'page bad-message' },
  { name: 'an unknown child', request: childrenOf(samlp('Extra', {})), expect: 'page bad-message' },
  {
    name: 'a known child in the wrong namespace',
    request: childrenOf(saml('NameIDPolicy', {})),
    expect: 'page bad-message',
  },
  {
    name: 'a child twice',
    request: childrenOf(samlp('NameIDPolicy', {}), samlp('NameIDPolicy', {})),
    expect: 'page bad-message',
  },
  {
    name: 'a second Issuer',
    request: childrenOf(saml('Issuer', {}, 'https://other.example')),
    expect: 'page bad-message',
  },
  {
    name: 'children in another order',
    request: childrenOf(samlp('Scoping', {}), samlp('NameIDPolicy', {})),
    expect: 'page bad-message',
  },
  { name: 'an empty Issuer', request: { issuer: '' }, expect: 'page bad-message' },
  {
    name: 'an Issuer that is too long',
    request: { issuer: `https://${'a'.repeat(1024)}` },
    expect: 'page bad-message',
  },
];
for (const { name, request = {}, idp, relayState, expect } of rows) {
  test(`refused: ${name}`, async () => {
    const { endpoint } = createIdp(idp);
    const xml = canonical(authnRequest(request));
    const arrival = await endpoint.receiveRedirect(redirectQuery(xml, relayState));
    assert.equal(outcome(arrival), expect);
    const posted = await endpoint.receivePost(postForm(xml, relayState));
    assert.equal(outcome(posted), expect);
  });
}

test('a signed request names its destination', async () => {
  const arrival = await createIdp().endpoint.receiveRedirect(
    await signedQuery(canonical(authnRequest(with_({ Destination: undefined })))),
  );
  assert.equal(outcome(arrival), 'party wrong-destination');
});

test('an Issuer that is not an entity', async () => {
  const issuer = saml('Issuer', { Format: NAME_ID_FORMAT.emailAddress }, SP);
  const root = element(authnRequest().namespace, 'AuthnRequest', { ID: '_1', Version: '2.0' }, issuer);
  assert.equal(outcome(await createIdp().endpoint.receiveRedirect(redirectQuery(canonical(root)))), 'page bad-message');
});

test('another message', async () => {
  const root = samlp('LogoutRequest', { ID: '_1', Version: '2.0' }, saml('Issuer', {}, SP));
  assert.equal(outcome(await createIdp().endpoint.receiveRedirect(redirectQuery(canonical(root)))), 'page bad-message');
});

test('more than a sealed login can carry is said at once', async () => {
  const entityId = `https://sp.example/${'a'.repeat(230)}`;
  const idp = createIdp({ metadata: { entityId } });
  const request = authnRequest({
    issuer: entityId,
    attributes: { ID: `_${'a'.repeat(199)}` },
    children: [saml('Subject', {}, saml('NameID', { Format: NAME_ID_FORMAT.persistent }, 'x'))],
  });
  const arrival = await idp.endpoint.receiveRedirect(redirectQuery(canonical(request), 'x'.repeat(512)));
  assert.equal(outcome(arrival), 'party request-too-large');
});

const statuses: readonly {
  readonly name: string;
  readonly request: RequestOptions;
  readonly codes: readonly string[];
}[] = [
  { name: 'version', request: with_({ Version: '3.0' }), codes: [STATUS.versionMismatch] },
  {
    name: 'destination',
    request: with_({ Destination: 'https://other.example' }),
    codes: [STATUS.requester, STATUS.requestDenied],
  },
  {
    name: 'NameID format',
    request: childrenOf(samlp('NameIDPolicy', { Format: 'urn:x' })),
    codes: [STATUS.requester, STATUS.invalidNameIdPolicy],
  },
  {
    name: 'class',
    request: childrenOf(samlp('RequestedAuthnContext', {}, saml('AuthnContextClassRef', {}, 'urn:x'))),
    codes: [STATUS.requester, STATUS.noAuthnContext],
  },
  {
    name: 'binding',
    request: with_({ ProtocolBinding: 'urn:x' }),
    codes: [STATUS.requester, STATUS.unsupportedBinding],
  },
];
for (const { name, request, codes } of statuses) {
  test(`the party gets a signed status: ${name}`, async (t) => {
    if (!requireTool(t, 'xmlsec1') || !requireTool(t, SAML_SCHEMAS)) return;
    const arrival = await createIdp().endpoint.receiveRedirect(redirectQuery(canonical(authnRequest(request)), 'rs'));
    assert.ok(arrival.kind === 'reply' && arrival.reply.kind === 'auto-post');
    assert.equal(arrival.reply.action, ACS);
    assert.deepEqual(arrival.reply.fields[1], ['RelayState', 'rs']);
    const xml = responseXml(arrival.reply);
    const valid = validateSamlXsd(xml, 'protocol');
    assert.ok(valid.ok, valid.stderr);
    const element = 'urn:oasis:names:tc:SAML:2.0:protocol:Response';
    assert.ok(xmlsecVerify(xml, idpKey.publicKey, { element }).ok);
    assert.deepEqual(
      [...xml.matchAll(/StatusCode Value="([^"]+)"/g)].map(([, code]) => code),
      codes,
    );
    assert.match(xml, /InResponseTo="_request1"/);
  });
}

test('an answer to a request whose ID cannot be repeated has no InResponseTo', async () => {
  const arrival = await createIdp().endpoint.receiveRedirect(
    redirectQuery(canonical(authnRequest(with_({ ID: '1 2' })))),
  );
  assert.ok(arrival.kind === 'reply');
  assert.ok(!responseXml(arrival.reply).includes('InResponseTo'));
});
