// Requests made to be misread: forged, replayed under another name, or sent home to somebody else.
import assert from 'node:assert/strict';
import { createHmac, sign } from 'node:crypto';
import { test } from 'node:test';
import { decodePending } from '../../../src/protocols/saml/pending-answer.ts';
import { AUTHN_CONTEXT, NS } from '../../../src/saml/names.ts';
import { canonical } from '../../../src/xml/build.ts';
import {
  ACS,
  ACS_TWO,
  authnRequest,
  createIdp,
  idpKey,
  keyDescriptor,
  outcome,
  postForm,
  redirectQuery,
  saml,
  samlp,
  signedQuery,
  signedXml,
  spKey,
} from '../../protocols/saml/idp.ts';

const SIGNED_PARTY = { metadata: { role: ' AuthnRequestsSigned="true"' } };

// An address that is nearly the registered one. Prefixes and normalized addresses are where such checks fail; the text is
// compared, as it is registered.
const addresses = [
  'https://sp.example/acs/',
  'https://sp.example/ac',
  'https://sp.example/acs?x=1',
  'https://sp.example/acs#x',
  'https://sp.example/ACS',
  'https://SP.example/acs',
  'HTTPS://sp.example/acs',
  'http://sp.example/acs',
  'https://sp.example:443/acs',
  'https://sp.example/x/../acs',
  'https://sp.example/%61cs',
  'https://sp.example//acs',
  'https://sp.example@evil.example/acs',
  'https://user@sp.example/acs',
  'https://sp.example.evil.example/acs',
  'https://evil.example/https://sp.example/acs',
  'https://sp.example\\@evil.example/acs',
  ' https://sp.example/acs',
  'https://sp.example/acs ',
  'https://sp.example./acs',
  'javascript:alert(1)',
  '//sp.example/acs',
  '/acs',
  '',
  'https://sp.example/artifact',
];
for (const url of addresses) {
  test(`no answer goes to ${JSON.stringify(url)}`, async () => {
    const { endpoint } = createIdp();
    const root = authnRequest({ attributes: { AssertionConsumerServiceURL: url } });
    assert.equal(outcome(await endpoint.receiveRedirect(redirectQuery(canonical(root)))), 'page unregistered-acs');
    // A good signature does not make an address registered.
    assert.equal(outcome(await endpoint.receivePost(postForm(await signedXml(root)))), 'page unregistered-acs');
  });
}

const indexes = [
  { name: 'unknown index', attributes: { AssertionConsumerServiceURL: undefined, AssertionConsumerServiceIndex: '9' } },
  {
    name: 'an index of another binding',
    attributes: { AssertionConsumerServiceURL: undefined, AssertionConsumerServiceIndex: '2' },
  },
  {
    name: 'URL and index that disagree',
    attributes: { AssertionConsumerServiceURL: ACS, AssertionConsumerServiceIndex: '1' },
  },
];
for (const { name, attributes } of indexes) {
  test(`no answer for ${name}`, async () => {
    const arrival = await createIdp().endpoint.receiveRedirect(redirectQuery(canonical(authnRequest({ attributes }))));
    assert.equal(outcome(arrival), 'page unregistered-acs');
  });
}

test('URL and index that agree are one address', async () => {
  const attributes = { AssertionConsumerServiceURL: ACS_TWO, AssertionConsumerServiceIndex: '1' };
  const arrival = await createIdp().endpoint.receiveRedirect(redirectQuery(canonical(authnRequest({ attributes }))));
  assert.equal(outcome(arrival), 'accepted');
});

// Registries in object literals answer to names that every object has (CWE-1321).
for (const issuer of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
  test(`${issuer} is no party`, async () => {
    const arrival = await createIdp().endpoint.receiveRedirect(redirectQuery(canonical(authnRequest({ issuer }))));
    assert.equal(outcome(arrival), 'page unknown-party');
  });
}

test('an issuer split by a comment is not read at all (CVE-2017-11427)', async () => {
  const xml = canonical(authnRequest()).replace('https://sp.example', 'https://sp.<!---->example');
  assert.equal(outcome(await createIdp().endpoint.receivePost(postForm(xml))), 'page bad-xml');
});

const hostile: readonly { readonly name: string; readonly change: (xml: string) => string }[] = [
  { name: 'DOCTYPE', change: (xml) => `<!DOCTYPE x>${xml}` },
  { name: 'entity', change: (xml) => `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${xml}` },
  { name: 'CDATA', change: (xml) => xml.replace('https://sp.example', '<![CDATA[https://sp.example]]>') },
  { name: 'processing instruction', change: (xml) => xml.replace('<saml:Issuer', '<?x y?><saml:Issuer') },
  { name: 'second root', change: (xml) => `${xml}${xml}` },
  { name: 'text after the root', change: (xml) => `${xml}x` },
  {
    name: 'depth',
    change: (xml) =>
      xml.replace(
        '</samlp:AuthnRequest>',
        `<samlp:Extensions>${'<a>'.repeat(40)}${'</a>'.repeat(40)}</samlp:Extensions></samlp:AuthnRequest>`,
      ),
  },
  { name: 'control character', change: (xml) => xml.replace('sp.example', 'sp.\u0001example') },
  { name: 'UTF-16 label', change: (xml) => `<?xml version="1.0" encoding="UTF-16"?>${xml}` },
];
for (const { name, change } of hostile) {
  test(`XML that is not read: ${name}`, async () => {
    const { endpoint } = createIdp();
    const xml = change(canonical(authnRequest()));
    assert.equal(outcome(await endpoint.receivePost(postForm(xml))), 'page bad-xml');
    assert.equal(outcome(await endpoint.receiveRedirect(redirectQuery(xml))), 'page bad-xml');
  });
}

test('a signature by somebody else', async () => {
  const { endpoint } = createIdp();
  const xml = canonical(authnRequest());
  assert.equal(
    outcome(await endpoint.receiveRedirect(await signedQuery(xml, 'x', 'stranger'))),
    'party signature-invalid',
  );
  const posted = await signedXml(authnRequest(), 'stranger');
  assert.equal(outcome(await endpoint.receivePost(postForm(posted))), 'party signature-invalid');
});

test('a bad signature is refused also where none is needed', async () => {
  const query = await signedQuery(canonical(authnRequest()), 'x');
  assert.equal(
    outcome(await createIdp().endpoint.receiveRedirect(query.replace('RelayState=x', 'RelayState=y'))),
    'party signature-invalid',
  );
});

// saml-core §5.4.1: a reader of the tree and a reader of the text must agree that there is one.
for (const namespace of [
  'http://www.w3.org/2000/09/xmldsig&#35;',
  'http:&#x2f;/www.w3.org/2000/09/xmldsig#',
  'http://www.w3.org/2000/09/xmldsi&#0000103;#',
]) {
  test(`a signature in the namespace ${namespace} is a bad one, not none`, async () => {
    const signature = `<s:Signature xmlns:s="${namespace}"/>`;
    for (const xml of [
      canonical(authnRequest()).replace('</saml:Issuer>', `$&${signature}`),
      canonical(authnRequest()).replace('</saml:Issuer>', `$&<samlp:Extensions>${signature}</samlp:Extensions>`),
    ]) {
      assert.equal(outcome(await createIdp().endpoint.receivePost(postForm(xml))), 'party signature-invalid');
      assert.equal(outcome(await createIdp().endpoint.receiveRedirect(redirectQuery(xml))), 'party signature-invalid');
    }
  });
}

test('stripping the signature of a party that signs', async () => {
  const { endpoint } = createIdp(SIGNED_PARTY);
  const query = await signedQuery(canonical(authnRequest()), 'x');
  const stripped = query.replace(/&SigAlg=.*/, '');
  assert.equal(outcome(await endpoint.receiveRedirect(stripped)), 'party signature-missing');
  assert.equal(
    outcome(await endpoint.receiveRedirect(query.replace(/&Signature=.*/, ''))),
    'page unexpected-parameter',
  );
  const unsigned = canonical(authnRequest());
  assert.equal(outcome(await endpoint.receivePost(postForm(unsigned))), 'party signature-missing');
});

const octets: readonly {
  readonly name: string;
  readonly change: (query: string) => string;
  readonly expect: string;
}[] = [
  {
    name: 'another RelayState',
    change: (q) => q.replace('RelayState=a', 'RelayState=b'),
    expect: 'party signature-invalid',
  },
  { name: 'no RelayState', change: (q) => q.replace('&RelayState=a', ''), expect: 'party signature-invalid' },
  {
    name: 'the same RelayState spelled otherwise',
    change: (q) => q.replace('RelayState=a', 'RelayState=%61'),
    expect: 'party signature-invalid',
  },
  { name: 'a second RelayState', change: (q) => `${q}&RelayState=b`, expect: 'page repeated-parameter' },
  {
    name: 'a second message',
    change: (q) => `${redirectQuery(canonical(authnRequest({ attributes: { ID: '_evil' } })))}&${q}`,
    expect: 'page repeated-parameter',
  },
  {
    name: 'a second message under an encoded name',
    change: (q) => `${redirectQuery(canonical(authnRequest())).replace('SAMLRequest', 'SAMLReques%74')}&${q}`,
    expect: 'page repeated-parameter',
  },
  { name: 'a Response beside it', change: (q) => `${q}&SAMLResponse=x`, expect: 'page unexpected-parameter' },
];
for (const { name, change, expect } of octets) {
  test(`a signed query with ${name}`, async () => {
    const query = await signedQuery(canonical(authnRequest()), 'a');
    assert.equal(outcome(await createIdp(SIGNED_PARTY).endpoint.receiveRedirect(change(query))), expect);
  });
}

const weak: readonly { readonly name: string; readonly uri: string; readonly make: (data: Buffer) => Buffer }[] = [
  {
    name: 'RSA-SHA1',
    uri: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1',
    make: (data) => sign('sha1', data, spKey.privateKey),
  },
  {
    name: 'RSA-MD5',
    uri: 'http://www.w3.org/2001/04/xmldsig-more#rsa-md5',
    make: (data) => sign('md5', data, spKey.privateKey),
  },
  {
    // The public key is public: as an HMAC secret anybody has it (the confusion of CVE-2015-9235).
    name: 'HMAC with the certificate as its key',
    uri: 'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256',
    make: (data) => createHmac('sha256', spKey.certificatePem).update(data).digest(),
  },
  { name: 'an unknown algorithm', uri: 'urn:x:none', make: () => Buffer.from('x') },
  { name: 'a prototype name as algorithm', uri: 'constructor', make: () => Buffer.from('x') },
];
for (const { name, uri, make } of weak) {
  test(`a query signed with ${name}`, async () => {
    const text = `${redirectQuery(canonical(authnRequest()))}&SigAlg=${encodeURIComponent(uri)}`;
    const query = `${text}&Signature=${encodeURIComponent(make(Buffer.from(text)).toString('base64'))}`;
    assert.equal(outcome(await createIdp().endpoint.receiveRedirect(query)), 'party signature-invalid');
  });
}

test('our own key signs nothing for a party', async () => {
  const keys = keyDescriptor(idpKey.certificatePem, 'encryption') + keyDescriptor(spKey.certificatePem, 'signing');
  const text = `${redirectQuery(canonical(authnRequest()))}&SigAlg=${encodeURIComponent('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256')}`;
  const signature = sign('sha256', Buffer.from(text), idpKey.privateKey).toString('base64');
  const arrival = await createIdp({ metadata: { keys } }).endpoint.receiveRedirect(
    `${text}&Signature=${encodeURIComponent(signature)}`,
  );
  assert.equal(outcome(arrival), 'party signature-invalid');
});

// Wrapping (CVE-2025-47949, CVE-2025-29775): what is read must be what was signed.
const wrappings: readonly { readonly name: string; readonly wrap: (signed: string) => string }[] = [
  {
    name: 'the signed request inside Extensions of another one',
    wrap: (signed) =>
      canonical(authnRequest({ attributes: { ID: '_evil', AssertionConsumerServiceURL: ACS_TWO } })).replace(
        '</saml:Issuer>',
        `</saml:Issuer><samlp:Extensions>${signed}</samlp:Extensions>`,
      ),
  },
  {
    name: 'the signature alone moved to another request',
    wrap: (signed) => {
      const signature = /<ds:Signature .*<\/ds:Signature>/s.exec(signed)?.[0] ?? '';
      return canonical(authnRequest({ attributes: { ID: '_evil' } })).replace(
        '</saml:Issuer>',
        `</saml:Issuer>${signature}`,
      );
    },
  },
  {
    name: 'the signature moved into Extensions',
    wrap: (signed) => {
      const signature = /<ds:Signature .*<\/ds:Signature>/s.exec(signed)?.[0] ?? '';
      return signed
        .replace(signature, '')
        .replace('</saml:Issuer>', `</saml:Issuer><samlp:Extensions>${signature}</samlp:Extensions>`);
    },
  },
  {
    name: 'two signatures',
    wrap: (signed) => {
      const signature = /<ds:Signature .*<\/ds:Signature>/s.exec(signed)?.[0] ?? '';
      return signed.replace(signature, signature + signature);
    },
  },
  {
    name: 'a changed attribute',
    wrap: (signed) => signed.replace('ID="_request1"', 'ID="_request1" ForceAuthn="true"'),
  },
  { name: 'a changed ID', wrap: (signed) => signed.replace('ID="_request1"', 'ID="_request2"') },
  {
    name: 'an added child',
    wrap: (signed) => signed.replace('</samlp:AuthnRequest>', '<samlp:Scoping></samlp:Scoping></samlp:AuthnRequest>'),
  },
];
for (const { name, wrap } of wrappings) {
  test(`a signed POST, changed: ${name}`, async () => {
    const xml = wrap(await signedXml(authnRequest()));
    const arrival = await createIdp(SIGNED_PARTY).endpoint.receivePost(postForm(xml));
    assert.match(outcome(arrival), /^(party signature-invalid|page bad-message)$/);
    const optional = await createIdp().endpoint.receivePost(postForm(xml));
    assert.match(outcome(optional), /^(party signature-invalid|page bad-message)$/);
  });
}

test('what is read of a signed POST is what was signed', async () => {
  const root = authnRequest({ attributes: { ForceAuthn: 'true' }, children: [samlp('Extensions', {}, saml('X', {}))] });
  const arrival = await createIdp(SIGNED_PARTY).endpoint.receivePost(postForm(await signedXml(root)));
  assert.ok(arrival.kind === 'authenticate');
  assert.equal(arrival.request.forceAuthn, true);
});

test('an embedded signature of a Redirect message must verify too', async () => {
  const inner = await signedXml(authnRequest(), 'stranger');
  const arrival = await createIdp().endpoint.receiveRedirect(await signedQuery(inner));
  assert.equal(outcome(arrival), 'party signature-invalid');
});

// CWE-779: 500 bytes of a query inflate to 64 KiB, which must not all end up in the log.
const talkative = [
  { name: 'an attribute', xml: (long: string) => `<samlp:AuthnRequest xmlns:samlp="${NS.protocol.uri}" ${long}=""/>` },
  { name: 'an element', xml: (long: string) => `<${long}/>` },
  {
    name: 'a child',
    xml: (long: string) => `<samlp:AuthnRequest xmlns:samlp="${NS.protocol.uri}"><${long}/></samlp:AuthnRequest>`,
  },
];
for (const { name, xml } of talkative) {
  test(`${name} with a name of 60,000 characters is told to the log in short`, async () => {
    const arrival = await createIdp().endpoint.receiveRedirect(redirectQuery(xml('a'.repeat(60_000))));
    assert.ok(arrival.kind !== 'authenticate');
    assert.ok(arrival.error.detail.length <= 500);
  });
}

test('a class that is asked for 300 times is asked for once: the sealed login can be read again', async () => {
  const idp = createIdp();
  const refs = Array.from({ length: 300 }, () => saml('AuthnContextClassRef', {}, AUTHN_CONTEXT.password));
  const xml = canonical(authnRequest({ children: [samlp('RequestedAuthnContext', {}, ...refs)] }));
  const arrival = await idp.endpoint.receiveRedirect(redirectQuery(xml));
  assert.ok(arrival.kind === 'authenticate');
  assert.equal(decodePending(arrival.request.answerTo)?.classes.length, 1);
});
