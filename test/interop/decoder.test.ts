// A reader in another language, written from docs/sealed-values.md alone, opens what a running node gives away, and makes
// it again byte for byte.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { METHOD_NUMBERS } from '../../src/core/authentication-event.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { decodePending, encodePending } from '../../src/protocols/saml/pending-answer.ts';
import { decodeDevice } from '../../src/sealed/device-body.ts';
import { decodeFlow, encodeFlow } from '../../src/sealed/flow-body.ts';
import { decodeSession, encodeSession } from '../../src/sealed/session-body.ts';
import { decodeTransient } from '../../src/sealed/transient-body.ts';
import { loginFlow, PURPOSES, ssoSession } from '../../src/sealer/purpose.ts';
import { runKeys } from '../cli/keys-run.ts';
import { NOW, type OneNode, plainSpMetadata, startOneNode } from '../support/one-node.ts';
import { PersonBrowser, redirectPath, samlResponse } from '../support/person.ts';
import {
  type Decoded,
  decodeAt,
  decoded,
  decoder,
  encodedAgain,
  type Found,
  requireDecoder,
  sealerOf,
} from './signet.ts';

const SP = 'https://sp.example.org';
const OTHER_SP = 'https://other.example.org';

let node: OneNode;
before(async () => {
  node = await startOneNode({ parties: [plainSpMetadata(SP), plainSpMetadata(OTHER_SP)] });
});
after(() => node.close());

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The value of a cookie as a reader of the specification names it. */
function cookieOf(browser: PersonBrowser, purpose: 'sso-session' | 'login-flow'): Found {
  const prefix = purpose === 'sso-session' ? '__Host-signet_sso' : '__Host-signet_f_';
  const [context = '', token = ''] = [...browser.cookies].find(([name]) => name.startsWith(prefix)) ?? [];
  assert.notEqual(token, '');
  return { purpose, context, token };
}

function nameIdOf(xml: string | null): Found {
  const token = /<saml:NameID[^>]*>([^<]+)</.exec(xml ?? '')?.[1] ?? '';
  return { purpose: 'saml-transient', context: `${SP}/metadata`, token };
}

/** Everything but the body, as Signet's own code opens it; the body's bytes. */
function openedBySignet(found: Found) {
  const purpose = PURPOSES.get(found.purpose);
  assert.ok(purpose);
  const opened = sealerOf(node).open(purpose, found.context, found.token);
  assert.ok(opened, 'Signet opens it');
  return opened;
}

function assertSameEnvelope(value: Decoded, found: Found): Uint8Array {
  const { body, schema, iat, exp, kid } = openedBySignet(found);
  assert.deepEqual([value.schema, value.iat, value.exp, value.kid, value.length], [schema, iat, exp, kid, body.length]);
  return body;
}

describe('a session cookie', () => {
  test('field by field what Signet says, and every byte of it again from the fields', async (t) => {
    if (!requireDecoder(t)) return;
    const browser = new PersonBrowser();
    await browser.signIn(node);
    node.travelTo(NOW + 700);
    t.after(() => node.travelTo(NOW));
    await browser.signIn(node, 'alice', { sp: OTHER_SP });
    const found = cookieOf(browser, 'sso-session');
    const value = decoded(node, found);
    const session = decodeSession(assertSameEnvelope(value, found));
    assert.ok(session);
    assert.deepEqual(value.body, {
      sid: hex(session.sid),
      account: session.accountId,
      created: session.created,
      events: session.events.map(({ method, at, credentialId }) => ({
        method: METHOD_NUMBERS[method],
        dt: at - session.created,
        credential: credentialId,
      })),
      participants: session.participants.map(({ relyingParty, at, nameId }) => ({
        party: relyingParty,
        dt: at - session.created,
        kind: 1,
        kidPrefix: nameId.kind === 'transient' ? hex(nameId.kidPrefix) : assert.fail(nameId.kind),
      })),
    });
    assert.deepEqual([session.created, session.events.length, session.participants.length], [NOW, 1, 2]);
    assert.equal(encodedAgain(node, value), found.token);
  });

  test('sealed again under a new key: its lineage; and dead with a key that it descends from', async (t) => {
    if (!requireDecoder(t)) return;
    const lone = await startOneNode({ parties: [plainSpMetadata(SP)] });
    t.after(() => lone.close());
    const keys = (now: number, ...args: readonly string[]) =>
      runKeys([...args, '--config', join(lone.config.folder, 'signet.yaml')], { now, random: systemRandom() });
    const browser = new PersonBrowser();
    await browser.signIn(lone);
    const [first = ''] = lone.node.parts.keyring.current().keys.map(({ kid }) => kid);
    assert.equal((await keys(NOW, 'rotate', '--activate-in', '15m')).exitCode, 0);
    lone.travelTo(NOW + 901);
    await browser.get(lone, redirectPath(lone, { now: NOW + 901 }));
    const found = cookieOf(browser, 'sso-session');
    const value = decoded(lone, found);
    assert.notEqual(value.kid, first);
    assert.deepEqual(value.body.lineage, [first]);
    assert.equal(encodedAgain(lone, value), found.token);
    assert.equal((await keys(NOW + 901, 'revoke', '--kid', first, '--reason', 'leak')).exitCode, 0);
    const refused = decodeAt(lone, found);
    assert.deepEqual([refused.ok, refused.stderr], [false, 'refused: step 9: it descends from a revoked key\n']);
  });

  // docs/sealed-values.md, Opening. CWE-347, CWE-613: each is refused by Signet, and by a reader of the specification.
  test('is refused wherever Signet refuses it', async (t) => {
    if (!requireDecoder(t)) return;
    const browser = new PersonBrowser();
    await browser.signIn(node);
    const found = cookieOf(browser, 'sso-session');
    const { token } = found;
    const exp = openedBySignet(found).exp;
    const flipped = `${token.slice(0, 60)}${token[60] === 'A' ? 'B' : 'A'}${token.slice(61)}`;
    const table: readonly { readonly change: Partial<Found>; readonly now?: number; readonly step: string }[] = [
      { change: { purpose: 'login-flow' }, step: 'step 5' },
      { change: { context: 'signet_sso' }, step: 'step 5' },
      { change: { token: flipped }, step: 'step 5' },
      { change: { token: `${token}=` }, step: 'step 2' },
      { change: { token: token.slice(0, -4) }, step: 'step 3' },
      { change: { token: token.repeat(20) }, step: 'step 1' },
      { change: {}, now: exp + 60, step: 'step 7' },
      { change: {}, now: NOW - 61, step: 'step 7' },
    ];
    for (const { change, now = NOW, step } of table) {
      const { ok, stderr } = decodeAt(node, { ...found, ...change }, now);
      assert.equal(ok, false, step);
      assert.match(stderr, new RegExp(`^refused: ${step}:`));
      assert.ok(!stderr.includes('Traceback'), stderr);
      node.travelTo(now);
      const changed = { ...found, ...change };
      const purpose = PURPOSES.get(changed.purpose);
      assert.ok(purpose);
      assert.equal(sealerOf(node).open(purpose, changed.context, changed.token), null, step);
      node.travelTo(NOW);
    }
    // The twin that opens: neither is refused for another reason.
    assert.equal(decoded(node, found).body.created, NOW);
  });
});

describe('a login cookie', () => {
  test('of a request with everything, after a wrong password; and every byte again', async (t) => {
    if (!requireDecoder(t)) return;
    const browser = new PersonBrowser();
    const asked = {
      now: NOW,
      forceAuthn: true,
      relayState: 'täglich/1',
      inner: requestedContext('PasswordProtectedTransport'),
    };
    const { answer, flowPath } = await browser.start(node, asked);
    await browser.login(node, flowPath ?? '', answer, 'alice', 'wrong horse');
    const found = cookieOf(browser, 'login-flow');
    const value = decoded(node, found);
    const flow = decodeFlow(assertSameEnvelope(value, found));
    const pending = flow === null ? null : decodePending(flow.request.answerTo);
    assert.ok(flow && pending);
    const { request, context } = flow;
    const { body } = value;
    assert.equal(body.innerId, hex(flow.innerId));
    assert.deepEqual([body.party, body.protocol, body.flags], [request.relyingParty, 1, 1 + 4]);
    assert.deepEqual(
      body.levels,
      request.assurance.accepted.map((level) => Number(level.slice(3))),
    );
    assert.deepEqual([body.receivedAt, body.began, body.typedName], [request.receivedAt, context.began, 'alice']);
    assert.deepEqual(body.failure, { failure: 1 });
    assert.deepEqual(body.pending, {
      party: pending.partyHash,
      acs: pending.acsHash,
      inResponseTo: pending.inResponseTo,
      relayState: 'täglich/1',
      nameId: 1,
      classes: pending.classes.map(({ number }) => number),
    });
    assert.equal(encodedAgain(node, value), found.token);
  });
});

const requestedContext = (name: string): string =>
  '<samlp:RequestedAuthnContext Comparison="exact"><saml:AuthnContextClassRef ' +
  'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">urn:oasis:names:tc:SAML:2.0:ac:classes:' +
  `${name}</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`;

describe('the fullest values there can be', () => {
  const kids = Array.from({ length: 8 }, (_, i) => `0${i}`.repeat(8));
  const pending = encodePending({
    partyHash: 'a1b2c3d4e5f6',
    acsHash: '0011223344556677',
    inResponseTo: { id: '_id', issueInstant: NOW },
    relayState: '',
    nameId: 'persistent',
    classes: [],
    attributeConsumingServiceIndex: 65_535,
    subject: { kind: 'transient', digest: Buffer.alloc(16, 7) },
  });
  const events = [
    { method: 'password', credentialId: 'pw', at: NOW },
    { method: 'totp', credentialId: 'ünïcødé', at: NOW + 65_535 },
  ] as const;
  const flow = encodeFlow({
    innerId: Buffer.alloc(16, 1),
    lineage: kids,
    request: {
      relyingParty: `saml:${SP}/metadata`,
      assurance: { accepted: ['aal2', 'aal3'], binding: 'required' },
      forceAuthn: true,
      maxAge: 0,
      passive: true,
      askConsent: true,
      subject: { kind: 'suggested', loginName: '' },
      language: 'de',
      receivedAt: NOW,
      answerTo: pending,
    },
    context: {
      accountId: 'acct-1',
      events,
      typedName: 'a'.repeat(64),
      failure: { kind: 'throttled', retryAfter: 4_294_967_295 },
      challenge: { method: 'totp', pending: { at: NOW + 1, data: Buffer.alloc(64, 2) } },
      began: NOW,
    },
  });
  const session = encodeSession({
    sid: Buffer.alloc(16, 3),
    accountId: 'b'.repeat(48),
    created: NOW,
    events,
    participants: [
      { relyingParty: 'a1b2c3d4e5f6', at: NOW, nameId: { kind: 'derived' } },
      { relyingParty: 'a1b2c3d4e5f7', at: NOW + 255, nameId: { kind: 'transient', kidPrefix: Buffer.of(1, 2) } },
      { relyingParty: 'a1b2c3d4e5f8', at: NOW + 256, nameId: { kind: 'literal', value: 'c'.repeat(256) } },
    ],
    lineage: kids,
  });
  assert.ok('body' in flow);
  const table = [
    { purpose: ssoSession, body: session, keys: 6 },
    { purpose: loginFlow, body: flow.body, keys: 17 },
  ];
  for (const { purpose, body, keys } of table) {
    test(`${purpose.name}: every key is read, and every byte made again`, (t) => {
      if (!requireDecoder(t)) return;
      const sealed = sealerOf(node, systemRandom()).seal(purpose, { context: 'any', iat: NOW, exp: NOW + 60, body });
      assert.ok('token' in sealed);
      const value = decoded(node, { purpose: purpose.name, context: 'any', token: sealed.token });
      assert.equal(Object.keys(value.body).length, keys);
      assert.deepEqual(value.body.lineage, kids);
      assert.equal(encodedAgain(node, value), sealed.token);
    });
  }
});

test('the cookie of a known browser, field by field and made again', async (t) => {
  if (!requireDecoder(t)) return;
  const browser = new PersonBrowser();
  await browser.signIn(node);
  const context = '__Host-signet_device';
  const found = { purpose: 'device', context, token: browser.cookies.get(context) ?? '' };
  const value = decoded(node, found);
  const body = decodeDevice(assertSameEnvelope(value, found));
  assert.ok(body);
  assert.deepEqual(value.body, { id: hex(body.id), account: hex(body.account) });
  assert.equal(value.exp - value.iat, 90 * 86_400);
  assert.equal(encodedAgain(node, value), found.token);
  const { account } = decoded(node, cookieOf(browser, 'sso-session')).body;
  const digest = createHash('sha256').update(`signet.device\0${account}`).digest('hex').slice(0, 32);
  assert.equal(value.body.account, digest, 'the digest that the specification says');
});

describe('what a service provider is told', () => {
  test('a transient NameID, and made again without knowing its nonce', async (t) => {
    if (!requireDecoder(t)) return;
    const browser = new PersonBrowser();
    const found = nameIdOf(samlResponse(await browser.signIn(node)));
    const value = decoded(node, found);
    const body = decodeTransient(assertSameEnvelope(value, found));
    assert.ok(body);
    assert.deepEqual(value.body, { sid: hex(body.sid), account: body.accountId });
    assert.equal(encodedAgain(node, { ...value, nonce: '00'.repeat(24) }), found.token);
    const again = encodedAgain(node, { ...value, context: `${OTHER_SP}/metadata` });
    assert.notEqual(again, found.token, 'another party, another name');
  });

  test('SessionIndex and pairwise id, from the stable secret', async (t) => {
    if (!requireDecoder(t)) return;
    const browser = new PersonBrowser();
    const xml = samlResponse(await browser.signIn(node)) ?? '';
    const { sid, account } = decoded(node, cookieOf(browser, 'sso-session')).body;
    const party = `saml:${SP}/metadata`;
    const { ok, stdout, stderr } = decoder(['names', node.config.stableSecret.file, party, `${account}`, `${sid}`]);
    assert.ok(ok, stderr);
    assert.deepEqual(JSON.parse(stdout.toString()), {
      sessionIndex: / SessionIndex="([^"]+)"/.exec(xml)?.[1],
      pairwiseId: node.node.parts.stableSecret.pairwiseId(party, `${account}`),
    });
  });
});
