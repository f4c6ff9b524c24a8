// Every line of what the endpoint accepts, and what it makes of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthenticationRequest } from '../../../src/core/authentication-request.ts';
import { AUTHN_CONTEXT, BINDING, NAME_ID_FORMAT } from '../../../src/saml/names.ts';
import { type Attributes, canonical } from '../../../src/xml/build.ts';
import {
  ACS,
  ACS_TWO,
  ALICE,
  accepted,
  answered,
  authenticated,
  authnRequest,
  createIdp,
  ENTITY_ID,
  type IdpOptions,
  keyDescriptor,
  NOW,
  outcome,
  postForm,
  type RequestOptions,
  redirectQuery,
  SESSION,
  SKEW,
  SP,
  saml,
  samlp,
  signedQuery,
  signedXml,
  signInAt,
  spKey,
  stableSecret,
  strangerKey,
} from './idp.ts';

async function arrive(options: RequestOptions, idp = createIdp(), relayState?: string): Promise<AuthenticationRequest> {
  return accepted(await idp.endpoint.receiveRedirect(redirectQuery(canonical(authnRequest(options)), relayState)));
}

const context = (comparison: string | undefined, ...refs: readonly string[]) =>
  samlp(
    'RequestedAuthnContext',
    { Comparison: comparison },
    ...refs.map((ref) => saml('AuthnContextClassRef', {}, ref)),
  );

test('both bindings, signed and not', async () => {
  const { endpoint } = createIdp();
  const xml = canonical(authnRequest());
  for (const arrival of [
    await endpoint.receiveRedirect(redirectQuery(xml)),
    await endpoint.receiveRedirect(await signedQuery(xml)),
    await endpoint.receiveRedirect(await signedQuery(xml, 'https://sp.example/a b+c')),
  ]) {
    assert.equal(outcome(arrival), 'accepted');
    assert.equal(arrival.kind === 'authenticate' && arrival.via, 'get');
  }
  for (const text of [xml, await signedXml(authnRequest())]) {
    const arrival = await endpoint.receivePost(postForm(text));
    assert.equal(outcome(arrival), 'accepted');
    assert.equal(arrival.kind === 'authenticate' && arrival.via, 'post');
  }
});

const requiring: readonly { readonly name: string; readonly idp: IdpOptions }[] = [
  { name: 'the metadata', idp: { metadata: { role: ' AuthnRequestsSigned="true"' } } },
  { name: 'the settings', idp: { settings: { requireSignedRequests: true } } },
  { name: 'this identity provider', idp: { wantAuthnRequestsSigned: true } },
];
for (const { name, idp } of requiring) {
  test(`a signature that is wanted by ${name}`, async () => {
    const { endpoint } = createIdp(idp);
    const xml = canonical(authnRequest());
    assert.equal(outcome(await endpoint.receiveRedirect(redirectQuery(xml))), 'party signature-missing');
    assert.equal(outcome(await endpoint.receivePost(postForm(xml))), 'party signature-missing');
    assert.equal(outcome(await endpoint.receiveRedirect(await signedQuery(xml))), 'accepted');
    assert.equal(outcome(await endpoint.receivePost(postForm(await signedXml(authnRequest())))), 'accepted');
  });
}

test('any of several certificates verifies, expired ones too, and those without a use', async () => {
  const keys = keyDescriptor(strangerKey.certificatePem, 'signing') + keyDescriptor(spKey.certificatePem);
  const { endpoint } = createIdp({ metadata: { keys } });
  const xml = canonical(authnRequest());
  assert.equal(outcome(await endpoint.receiveRedirect(await signedQuery(xml, undefined, 'party'))), 'accepted');
  assert.equal(outcome(await endpoint.receiveRedirect(await signedQuery(xml, undefined, 'stranger'))), 'accepted');
});

test('a plain request asks for nothing special', async () => {
  const { answerTo, ...rest } = await arrive({});
  assert.equal(answerTo.protocol, 'saml');
  assert.deepEqual(rest, {
    relyingParty: `saml:${SP}`,
    assurance: { accepted: [], binding: 'required' },
    forceAuthn: false,
    maxAge: null,
    passive: false,
    askConsent: false,
    subject: { kind: 'none' },
    language: null,
    receivedAt: NOW,
  });
});

const flags: readonly {
  readonly attributes: Attributes;
  readonly forced: boolean;
  readonly passive: boolean;
}[] = [
  { attributes: { ForceAuthn: 'true' }, forced: true, passive: false },
  { attributes: { ForceAuthn: '1', IsPassive: '0' }, forced: true, passive: false },
  { attributes: { IsPassive: 'true', ForceAuthn: 'false' }, forced: false, passive: true },
  { attributes: { IsPassive: '1', ForceAuthn: '1' }, forced: true, passive: true },
];
for (const { attributes, forced, passive } of flags) {
  test(`flags ${JSON.stringify(attributes)}`, async () => {
    const request = await arrive({ attributes });
    assert.equal(request.forceAuthn, forced);
    assert.equal(request.passive, passive);
  });
}

const endpoints: readonly {
  readonly name: string;
  readonly attributes: Attributes;
  readonly acs: string;
}[] = [
  { name: 'none', attributes: { AssertionConsumerServiceURL: undefined }, acs: ACS },
  { name: 'by URL', attributes: { AssertionConsumerServiceURL: ACS_TWO }, acs: ACS_TWO },
  {
    name: 'by index',
    attributes: { AssertionConsumerServiceURL: undefined, AssertionConsumerServiceIndex: '1' },
    acs: ACS_TWO,
  },
  {
    name: 'by URL with its binding',
    attributes: { AssertionConsumerServiceURL: ACS_TWO, ProtocolBinding: BINDING.post },
    acs: ACS_TWO,
  },
];
for (const { name, attributes, acs } of endpoints) {
  test(`return address ${name}`, async () => {
    const { reply } = await signInAt(createIdp(), { attributes });
    assert.equal(reply.kind === 'auto-post' && reply.action, acs);
  });
}

test('children that the responder need not follow', async () => {
  const request = await arrive({
    children: [
      samlp('Extensions', {}, saml('Anything', {}, 'x')),
      samlp('NameIDPolicy', { AllowCreate: 'true', SPNameQualifier: SP }),
      saml('Conditions', { NotOnOrAfter: '2030-01-01T00:00:00Z' }),
      samlp('Scoping', { ProxyCount: '0' }, samlp('RequesterID', {}, 'https://other.example')),
    ],
    attributes: { ProviderName: 'Wiki', Consent: 'urn:oasis:names:tc:SAML:2.0:consent:unspecified' },
  });
  assert.deepEqual(request.subject, { kind: 'none' });
});

const relayStates = ['', 'x', 'https://sp.example/a?b=c&d=%20', 'é ☃ "<>&\'', 'x'.repeat(512), '☃'.repeat(170)];
for (const relayState of relayStates) {
  test(`RelayState kept as it is: ${relayState.slice(0, 30)} (${Buffer.byteLength(relayState)} bytes)`, async () => {
    const { reply } = await signInAt(createIdp(), {}, relayState);
    assert.deepEqual(reply.kind === 'auto-post' && reply.fields[1], ['RelayState', relayState]);
  });
}

test('the longest RelayState and ID fit a sealed login together', async () => {
  const request = await arrive({ attributes: { ID: `_${'a'.repeat(199)}` } }, createIdp(), 'x'.repeat(512));
  assert.ok(request.answerTo.data.length <= 800);
});

const MFA = AUTHN_CONTEXT.refedsMfa;
const PPT = AUTHN_CONTEXT.passwordProtectedTransport;
const contexts: readonly {
  readonly comparison: string | undefined;
  readonly refs: readonly string[];
  readonly levels: readonly string[] | string;
  readonly says?: string;
}[] = [
  { comparison: undefined, refs: [PPT], levels: ['aal1'], says: PPT },
  { comparison: 'exact', refs: [AUTHN_CONTEXT.password], levels: ['aal1'], says: AUTHN_CONTEXT.password },
  { comparison: 'exact', refs: ['urn:x:unknown', PPT], levels: ['aal1'], says: PPT },
  { comparison: 'exact', refs: [MFA, PPT], levels: ['aal2', 'aal1'], says: PPT },
  { comparison: 'exact', refs: [MFA], levels: ['aal2'] },
  { comparison: 'exact', refs: ['urn:x:unknown'], levels: 'party unsupported-authn-context' },
  { comparison: 'minimum', refs: [PPT], levels: ['aal1', 'aal2', 'aal3'], says: PPT },
  { comparison: 'minimum', refs: [MFA], levels: ['aal2', 'aal3'] },
  { comparison: 'maximum', refs: [PPT], levels: ['aal1'], says: PPT },
  { comparison: 'maximum', refs: [MFA], levels: ['aal2', 'aal1'], says: PPT },
  { comparison: 'better', refs: [PPT], levels: ['aal2', 'aal3'] },
  { comparison: 'better', refs: [AUTHN_CONTEXT.unspecified], levels: ['aal2', 'aal3'] },
  { comparison: 'better', refs: [PPT, MFA], levels: ['aal3'] },
  { comparison: 'better', refs: [AUTHN_CONTEXT.nistAal3], levels: 'party unsupported-authn-context' },
  { comparison: 'exact', refs: [AUTHN_CONTEXT.unspecified], levels: ['aal1'], says: AUTHN_CONTEXT.unspecified },
];
for (const { comparison, refs, levels, says } of contexts) {
  test(`RequestedAuthnContext ${comparison} ${refs.join(' ')}`, async () => {
    const idp = createIdp();
    const xml = canonical(authnRequest({ children: [context(comparison, ...refs)] }));
    const arrival = await idp.endpoint.receiveRedirect(redirectQuery(xml));
    if (typeof levels === 'string') return assert.equal(outcome(arrival), levels);
    const request = accepted(arrival);
    assert.deepEqual(request.assurance, { accepted: levels, binding: 'required' });
    const answer = await answered(idp, request, authenticated());
    // Whatever the flow thought: a class is only stated when these proofs prove it.
    if (says === undefined) assert.equal(answer.error?.code, 'class-unproved');
    else
      assert.match(
        Buffer.from(answer.reply.kind === 'auto-post' ? (answer.reply.fields[0]?.[1] ?? '') : '', 'base64').toString(),
        new RegExp(`>${says}</saml:AuthnContextClassRef>`),
      );
  });
}

const BOB = { ...ALICE, id: 'another', attributes: new Map([['mail', ['bob@example.org']]]) };
const email = { metadata: { formats: [NAME_ID_FORMAT.emailAddress] } };
const subjects: readonly {
  readonly name: string;
  readonly idp?: IdpOptions;
  readonly format: string | undefined;
  readonly value: () => Promise<string> | string;
  readonly matches: boolean;
}[] = [
  {
    name: 'persistent',
    format: NAME_ID_FORMAT.persistent,
    value: () => stableSecret.pairwiseId(`saml:${SP}`, ALICE.id),
    matches: true,
  },
  {
    name: 'e-mail address',
    idp: email,
    format: NAME_ID_FORMAT.emailAddress,
    value: () => 'a.a@example.org',
    matches: true,
  },
  {
    name: 'no format: what the party gets',
    idp: email,
    format: undefined,
    value: () => 'alice@example.org',
    matches: true,
  },
  {
    name: 'another e-mail address',
    idp: email,
    format: NAME_ID_FORMAT.emailAddress,
    value: () => 'carol@example.org',
    matches: false,
  },
  {
    name: 'a pairwise id of another party',
    format: NAME_ID_FORMAT.persistent,
    value: () => stableSecret.pairwiseId('saml:other', ALICE.id),
    matches: false,
  },
  {
    name: 'a transient one that cannot be opened',
    format: NAME_ID_FORMAT.transient,
    value: () => 'nonsense',
    matches: false,
  },
];
for (const { name, idp: options, format, value, matches } of subjects) {
  test(`required subject: ${name}`, async () => {
    const idp = createIdp(options);
    const request = await arrive(
      { children: [saml('Subject', {}, saml('NameID', { Format: format }, await value()))] },
      idp,
    );
    assert.deepEqual(request.subject, { kind: 'required' });
    assert.equal(idp.adapter.isRequiredSubject(ALICE, request.answerTo), matches);
    assert.equal(idp.adapter.isRequiredSubject(BOB, request.answerTo), false);
  });
}

test('required subject: a transient NameID that this party was given', async () => {
  const idp = createIdp();
  const { reply } = await signInAt(idp);
  const xml = Buffer.from(reply.kind === 'auto-post' ? (reply.fields[0]?.[1] ?? '') : '', 'base64').toString();
  const value = /<saml:NameID[^>]*>([^<]+)</.exec(xml)?.[1] ?? '';
  const nameId = saml(
    'NameID',
    { Format: NAME_ID_FORMAT.transient, NameQualifier: ENTITY_ID, SPNameQualifier: SP },
    value,
  );
  const request = await arrive({ children: [saml('Subject', {}, nameId)] }, idp);
  assert.equal(idp.adapter.isRequiredSubject(ALICE, request.answerTo), true);
  assert.equal(idp.adapter.isRequiredSubject(BOB, request.answerTo), false);
});

test('a request without a subject requires none', async () => {
  const idp = createIdp();
  assert.equal(idp.adapter.isRequiredSubject(ALICE, (await arrive({}, idp)).answerTo), false);
});

const times = [-SKEW, -1, 0, 1, SKEW];
for (const offset of times) {
  test(`issued ${offset} seconds from now`, async () => {
    const IssueInstant = new Date((NOW + offset) * 1000).toISOString();
    const idp = createIdp();
    const request = await arrive({ attributes: { IssueInstant } }, idp);
    const claim = idp.adapter.requestClaim(request.answerTo);
    assert.deepEqual(claim, { id: `${idp.party.hash}:_request1`, until: NOW + offset + SKEW + 1 });
  });
}

test('two parties may use the same ID', async () => {
  const claims = await Promise.all(
    [SP, 'https://other.example'].map(async (entityId) => {
      const idp = createIdp({ metadata: { entityId } });
      return idp.adapter.requestClaim((await arrive({ issuer: entityId }, idp)).answerTo)?.id;
    }),
  );
  assert.notEqual(claims[0], claims[1]);
});

test('started here: no InResponseTo, the listed RelayState, nothing to claim', async () => {
  const relayState = 'https://sp.example/start';
  const idp = createIdp({ settings: { idpInitiated: { allowed: true, relayStates: [relayState] } } });
  for (const state of [null, relayState]) {
    const request = accepted(idp.endpoint.init({ sp: SP, relayState: state, withMessage: false }, 'post'));
    assert.equal(idp.adapter.requestClaim(request.answerTo), null);
    const { reply } = await answered(idp, request, authenticated(SESSION));
    assert.ok(reply.kind === 'auto-post');
    assert.equal(reply.action, ACS);
    assert.ok(!Buffer.from(reply.fields[0]?.[1] ?? '', 'base64').includes('InResponseTo'));
    assert.equal(reply.fields[1]?.[1], state ?? undefined);
  }
});

const inits: readonly {
  readonly name: string;
  readonly settings?: unknown;
  readonly given: { readonly sp: string; readonly relayState: string | null; readonly withMessage: boolean };
  readonly expect: string;
}[] = [
  {
    name: 'not allowed',
    given: { sp: SP, relayState: null, withMessage: false },
    expect: 'page idp-initiated-not-allowed',
  },
  {
    name: 'unknown party',
    given: { sp: 'constructor', relayState: null, withMessage: false },
    expect: 'page unknown-party',
  },
  {
    name: 'a RelayState that is not listed',
    settings: { idpInitiated: { allowed: true, relayStates: ['https://sp.example/'] } },
    given: { sp: SP, relayState: 'https://sp.example/x', withMessage: false },
    expect: 'page idp-initiated-not-allowed',
  },
  {
    name: 'an empty RelayState that is not listed',
    settings: { idpInitiated: { allowed: true } },
    given: { sp: SP, relayState: '', withMessage: false },
    expect: 'page idp-initiated-not-allowed',
  },
  {
    name: 'with a message',
    settings: { idpInitiated: { allowed: true } },
    given: { sp: SP, relayState: null, withMessage: true },
    expect: 'page unexpected-parameter',
  },
];
for (const { name, settings, given, expect } of inits) {
  test(`started here, refused: ${name}`, () => {
    const idp = createIdp(settings === undefined ? {} : { settings });
    assert.equal(outcome(idp.endpoint.init(given, 'get')), expect);
  });
}

test('an AttributeConsumingServiceIndex chooses what is requested', async () => {
  const service = (index: number, name: string): string =>
    `<md:AttributeConsumingService index="${index}"><md:ServiceName xml:lang="en">x</md:ServiceName><md:RequestedAttribute Name="urn:oid:${name}"/></md:AttributeConsumingService>`;
  const idp = createIdp({ metadata: { services: service(0, '2.5.4.42') + service(5, '2.5.4.4') } });
  const names = async (index: string | undefined): Promise<readonly (string | undefined)[]> => {
    const { reply } = await signInAt(idp, { attributes: { AttributeConsumingServiceIndex: index } });
    const xml = Buffer.from(reply.kind === 'auto-post' ? (reply.fields[0]?.[1] ?? '') : '', 'base64').toString();
    return [...xml.matchAll(/FriendlyName="([^"]+)"/g)].map(([, name]) => name);
  };
  assert.deepEqual(await names(undefined), ['givenName']);
  assert.deepEqual(await names('0'), ['givenName']);
  assert.deepEqual(await names('5'), ['sn']);
  assert.deepEqual(await names('7'), ['givenName']);
});
