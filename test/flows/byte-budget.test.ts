// The byte budget (docs/sealed-values.md, Sizes): nginx answers 502 to a response with about 4,000 bytes of Set-Cookie,
// and refuses a request with more than 8 KiB of Cookie header. oauth2-proxy #482, #2163, #3448; Keycloak #40857.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Session } from '../../src/core/session.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { encodeSession, fitSession } from '../../src/sealed/session-body.ts';
import { ssoSession } from '../../src/sealer/purpose.ts';
import { createSealer } from '../../src/sealer/seal.ts';
import { type Answer, NOW, type OneNode, plainSpMetadata, startOneNode } from '../support/one-node.ts';
import { authnRequest, PersonBrowser, redirectPath, samlResponse, statusOf } from '../support/person.ts';

const SET_COOKIE_MAX = 3500;
const COOKIE_MAX = 7000;
const SSO = '__Host-signet_sso';
/** A long entityID, as federations have them. */
const LONG_SP = `https://${'long-name.'.repeat(18)}example.org`;
const RELAY_STATE = 'r'.repeat(512);

let node: OneNode;
before(async () => {
  node = await startOneNode({
    parties: [
      plainSpMetadata('https://sp.example.org'),
      plainSpMetadata(LONG_SP, `${LONG_SP}/${'path/'.repeat(30)}acs`),
    ],
  });
});
after(() => node.close());

function setCookieBytes(answer: Answer): number {
  return answer.setCookies.reduce((sum, line) => sum + 'Set-Cookie: '.length + line.length + 2, 0);
}

function within(answer: Answer, what: string): Answer {
  assert.ok(setCookieBytes(answer) < SET_COOKIE_MAX, `${what}: ${setCookieBytes(answer)} bytes of Set-Cookie`);
  return answer;
}

/** A signed-in browser whose session cookie is as large as one can be. */
async function fullBrowser(): Promise<PersonBrowser> {
  const browser = new PersonBrowser();
  await browser.signIn(node);
  const sealer = createSealer({
    ring: node.node.parts.keyring.current,
    reread: () => false,
    clock: () => node.time.now,
    random: systemRandom(),
    observe: () => {},
  });
  const found = await node.node.parts.directories.findByLoginName('alice');
  const accountId = found !== null && 'id' in found ? found.id : assert.fail('no alice');
  const session: Session = {
    sid: Buffer.alloc(16, 9),
    accountId,
    created: NOW,
    events: [{ method: 'password', credentialId: 'c'.repeat(16), at: NOW }],
    participants: Array.from({ length: 300 }, (_, i) => ({
      relyingParty: i.toString(16).padStart(12, '0'),
      at: NOW,
      nameId:
        i % 3 === 0 ? { kind: 'literal' as const, value: `person-${i}@example.org` } : { kind: 'derived' as const },
    })),
    lineage: ['0011223344556677', '1011223344556677'],
  };
  const { session: fitting, dropped } = fitSession(session);
  assert.ok(dropped > 0);
  const body = encodeSession(fitting);
  const sealed = sealer.seal(ssoSession, { context: SSO, iat: NOW, exp: NOW + 3600, body });
  assert.ok('token' in sealed);
  assert.ok(sealed.token.length > 2900 && sealed.token.length <= 3072, String(sealed.token.length));
  browser.cookies.set(SSO, sealed.token);
  return browser;
}

test('a full session, five tabs, the longest RelayState: every response and every next request stays inside', async () => {
  const browser = await fullBrowser();
  for (let tab = 1; tab <= 9; tab += 1) {
    const path = redirectPath(node, { now: NOW, sp: LONG_SP, relayState: RELAY_STATE, forceAuthn: true });
    const first = within(await browser.get(node, path), `tab ${tab}`);
    assert.equal(first.status, 303);
    const flows = [...browser.cookies.keys()].filter((name) => name !== SSO);
    assert.ok(flows.length <= 5, `${flows.length} flow cookies`);
    assert.ok(browser.cookieHeader.length < COOKIE_MAX, `${browser.cookieHeader.length} bytes of Cookie`);
    within(await browser.get(node, first.headers.location ?? ''), `page of tab ${tab}`);
  }
  // The newest tab still works to its end.
  const { answer, flowPath } = await browser.start(node, {
    now: NOW,
    sp: LONG_SP,
    relayState: RELAY_STATE,
    forceAuthn: true,
  });
  const done = within(await browser.login(node, flowPath ?? '', answer), 'the answer');
  assert.equal(statusOf(done), 'Success');
  assert.ok(browser.cookieHeader.length < COOKIE_MAX);
});

test('a full session takes one more party: the oldest goes, the cookie stays one cookie', async () => {
  const browser = await fullBrowser();
  const answer = within(await browser.get(node, redirectPath(node, { now: NOW })), 'the answer');
  assert.equal(statusOf(answer), 'Success');
  assert.ok((browser.cookies.get(SSO)?.length ?? 0) <= 3072);
  assert.deepEqual([...browser.cookies.keys()].sort(), ['__Host-signet_device', SSO]);
});

test('ten tabs restored at once, each with a POST that carries no cookies: all of them fit, then five are left', async () => {
  const browser = new PersonBrowser();
  const message = (): string =>
    Buffer.from(authnRequest(node, { now: NOW, id: `_${'a'.repeat(40)}${Math.random()}` })).toString('base64');
  const posted = await Promise.all(
    Array.from({ length: 10 }, () =>
      browser.postFromElsewhere(node, '/saml/idp/sso', {
        SAMLRequest: message(),
        RelayState: 'https://sp.example.org/where/i/was',
      }),
    ),
  );
  for (const one of posted) within(one, 'a POST');
  assert.equal(browser.cookies.size, 10);
  assert.ok(browser.cookieHeader.length < COOKIE_MAX, `${browser.cookieHeader.length} bytes of Cookie`);
  const last = posted.at(-1)?.headers.location ?? '';
  within(await browser.get(node, last), 'the page');
  assert.ok(browser.cookies.size <= 5, `${browser.cookies.size} left`);
});

test('ten such tabs with the longest RelayState: the server answers, and the next request is inside again', async () => {
  const browser = new PersonBrowser();
  const posted: Answer[] = [];
  for (let tab = 0; tab < 10; tab += 1) {
    const message = Buffer.from(authnRequest(node, { now: NOW, sp: LONG_SP })).toString('base64');
    posted.push(
      within(
        await browser.postFromElsewhere(node, '/saml/idp/sso', { SAMLRequest: message, RelayState: RELAY_STATE }),
        'a POST',
      ),
    );
  }
  const page = within(await browser.get(node, posted.at(-1)?.headers.location ?? ''), 'the page');
  assert.equal(page.status, 200);
  assert.ok(browser.cookieHeader.length < COOKIE_MAX);
});

test('RelayState over 512 bytes is told to the party, and nothing is sealed', async () => {
  const browser = new PersonBrowser();
  const answer = await browser.get(node, redirectPath(node, { now: NOW, relayState: 'r'.repeat(513) }));
  assert.ok(samlResponse(answer));
  assert.notEqual(statusOf(answer), 'Success');
  assert.deepEqual(answer.setCookies, []);
});

test('cookies that cannot be read are cleared away, a few at a time; those of others are left alone', async () => {
  const browser = new PersonBrowser();
  for (let i = 0; i < 60; i += 1)
    browser.cookies.set(`__Host-signet_f_stale${String(i).padStart(3, '0')}`, 'x'.repeat(40));
  browser.cookies.set('__Host-signet_f_not an id', 'x');
  browser.cookies.set('somebody_else', 'x');
  for (let i = 0; i < 3; i += 1) within(await browser.get(node, redirectPath(node, { now: NOW })), 'a start');
  const stale = [...browser.cookies.keys()].filter((name) => name.includes('stale'));
  assert.deepEqual(stale, []);
  assert.ok(browser.cookies.has('somebody_else'));
});
