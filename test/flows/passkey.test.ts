// Keys over the pages: signing in with a passkey alone, a key after a password, another person's key. Posted as the page's
// script posts it; browsers with a real one are in test/browser.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isUnavailable } from '../../src/core/account.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { createPasskeySignIn, createWebauthnMethod } from '../../src/methods/webauthn.ts';
import { createWebauthnEnrolment } from '../../src/methods/webauthn-enrol.ts';
import { userHandles, WEBAUTHN_FIELD, webauthnParty } from '../../src/methods/webauthn-party.ts';
import type { Desk } from '../../src/web/desk.ts';
import { enrol, type World } from '../methods/factor-person.ts';
import { type FactorNode, startFactorNode } from '../support/factor-node.ts';
import { APP, at, classOf, handsOn, type Tab } from '../support/factor-tab.ts';
import type { Answer } from '../support/one-node.ts';
import { formTokenOf, heading, PersonBrowser, samlResponse, statusOf } from '../support/person.ts';
import { FLAGS, SoftwareKey } from '../support/software-authenticator.ts';

const party = webauthnParty('https://idp.example.org', 'Example') ?? assert.fail();
const HERE = { origin: party.origin, rpId: party.id };
const random = systemRandom();
const userHandle = userHandles(Buffer.alloc(32, 7));
const partsOf = (world: World, desk: Desk) => ({ party, store: world.store, spent: desk.spent, userHandle, random });

let node: FactorNode;
before(async () => {
  node = await startFactorNode({
    factors: (world, desk) => [createWebauthnMethod(partsOf(world, desk))],
    passkeys: (world, desk) => createPasskeySignIn({ ...partsOf(world, desk), directory: desk.directory }),
  });
});
after(() => node.close());
const { fresh, later, open, password, submit } = handsOn(() => node);

async function giveKey(name: string, flags = FLAGS.up | FLAGS.uv): Promise<SoftwareKey> {
  const key = new SoftwareKey();
  const enrolment = createWebauthnEnrolment({ party, userHandle, roots: [], random });
  const found = await node.node.parts.directories.findByLoginName(name);
  assert.ok(found !== null && !isUnavailable(found));
  await enrol(node.world, enrolment, found, node.time.now, (pending) => ({
    [WEBAUTHN_FIELD]: key.register({ ...HERE, challenge: pending.subarray(10), flags }),
  }));
  return key;
}

interface Asked {
  readonly challenge: string;
  readonly allowCredentials?: readonly { readonly id: string }[];
}

/** What a page's script asks the browser with; null: nothing. */
function askedOn(page: Answer): Asked | null {
  const attribute = /data-options="([^"]*)"/.exec(page.text)?.[1];
  if (attribute === undefined) return null;
  return JSON.parse(attribute.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&'));
}

let counter = 0;
async function answerWith(
  tab: Tab,
  key: SoftwareKey,
  name: string | null,
  flags = FLAGS.up | FLAGS.uv,
): Promise<Answer> {
  counter += 1;
  const challenge = Buffer.from(askedOn(tab.page)?.challenge ?? assert.fail('nothing is asked'), 'base64url');
  const handle = name === null ? null : userHandle(await node.idOf(name));
  const json = key.answer({ ...HERE, challenge, counter, flags, userHandle: handle });
  return submit(tab, { method: 'webauthn', [WEBAUTHN_FIELD]: json });
}

test('a passkey signs in alone, where two factors are wanted, without a name', async () => {
  await fresh();
  const key = await giveKey('alice');
  const tab = await open(new PersonBrowser(), at('strong'));
  assert.equal(askedOn(tab.page)?.allowCredentials, undefined, 'no key is named to who asks');
  const done = await answerWith(tab, key, 'alice');
  assert.equal(statusOf(done), 'Success');
  assert.equal(classOf(done), 'https://refeds.org/profile/mfa');
});

test('the page asks the same of everybody, and a reload keeps the challenge', async () => {
  await fresh();
  const tab = await open(new PersonBrowser());
  const first = askedOn(tab.page)?.challenge;
  const before = tab.browser.cookieHeader;
  tab.page = await tab.browser.get(node, tab.path);
  assert.equal(askedOn(tab.page)?.challenge, first);
  assert.equal(tab.browser.cookieHeader, before);
  later(300);
  tab.page = await tab.browser.get(node, tab.path);
  assert.notEqual(askedOn(tab.page)?.challenge, first);
});

// W3C WebAuthn L3 §13.4.3: a challenge is good once, whatever copy of the flow it comes with.
test('an older copy of the flow does not answer its challenge again, nor does another flow', async () => {
  await fresh();
  const key = await giveKey('alice');
  const tab = await open(new PersonBrowser());
  const older = { ...tab, browser: tab.browser.copy() };
  assert.equal(statusOf(await answerWith(tab, key, 'alice')), 'Success');
  const again = await answerWith(older, key, 'alice');
  assert.equal(samlResponse(again), null);
  const other = await open(new PersonBrowser());
  const mixed = { ...other, page: older.page };
  mixed.page = {
    ...mixed.page,
    text: mixed.page.text.replace(/data-options="[^"]*"/, 'data-options="{&quot;challenge&quot;:&quot;AAAA&quot;}"'),
  };
  mixed.page = {
    ...mixed.page,
    text: mixed.page.text.replace(
      /name="form_token" value="[^"]*"/,
      `name="form_token" value="${formTokenOf(other.page)}"`,
    ),
  };
  const refused = await answerWith(mixed, key, 'alice');
  assert.equal(samlResponse(refused), null);
  assert.match(refused.text, /was not accepted/);
});

test('a passkey that is not accepted: the page again with another challenge, and the password still works', async () => {
  await fresh();
  const stranger = new SoftwareKey();
  const tab = await open(new PersonBrowser());
  const first = askedOn(tab.page)?.challenge;
  const page = await answerWith(tab, stranger, 'alice');
  assert.equal(page.status, 400);
  assert.match(page.text, /was not accepted/);
  assert.notEqual(askedOn(page)?.challenge, first);
  assert.equal(statusOf(await password(tab)), 'Success');
});

test('a page that was open for too long: said as what it is, nobody failed, and the typed name stands there again', async () => {
  await fresh();
  const key = await giveKey('alice');
  const tab = await open(new PersonBrowser());
  const failures = node.audited.length;
  later(290);
  // The script sees that it is too late, asks for no passkey, and posts without an answer.
  const asked = await submit(tab, { method: 'webauthn', [WEBAUTHN_FIELD]: '', username: 'alíce <b>' });
  assert.equal(asked.status, 400);
  assert.match(asked.text, /was open for a long time[^<]*once more/);
  assert.match(asked.text, /value="alíce &lt;b&gt;"/);
  assert.equal(node.audited.length, failures);
  assert.equal(statusOf(await answerWith(tab, key, 'alice')), 'Success');
  // A script that asked all the same is told so too.
  const other = await open(new PersonBrowser());
  later(301);
  const late = await answerWith(other, key, 'alice');
  assert.match(late.text, /was open for a long time/);
  assert.equal(statusOf(await answerWith(other, key, 'alice')), 'Success');
});

test('the page says for how long an answer counts; a reload in the last minutes asks anew', async () => {
  await fresh();
  const tab = await open(new PersonBrowser());
  const seconds = (): string | undefined => /data-seconds="(\d+)"/.exec(tab.page.text)?.[1];
  const first = askedOn(tab.page)?.challenge;
  assert.equal(seconds(), '300');
  later(60);
  tab.page = await tab.browser.get(node, tab.path);
  assert.deepEqual([askedOn(tab.page)?.challenge, seconds()], [first, '240']);
  later(1);
  tab.page = await tab.browser.get(node, tab.path);
  assert.notEqual(askedOn(tab.page)?.challenge, first);
  assert.equal(seconds(), '300');
});

test('a key that does not verify the person is no sign-in by itself', async () => {
  await fresh();
  const key = await giveKey('alice', FLAGS.up);
  const tab = await open(new PersonBrowser());
  assert.equal(samlResponse(await answerWith(tab, key, 'alice', FLAGS.up)), null);
});

test('after a password such a key is the second factor; its page names the person’s keys', async () => {
  await fresh();
  const key = await giveKey('alice', FLAGS.up);
  const tab = await open(new PersonBrowser(), at('strong'));
  assert.equal(heading(await password(tab)), 'Use your security key or passkey');
  assert.deepEqual(
    askedOn(tab.page)?.allowCredentials?.map(({ id }) => id),
    [key.id],
  );
  const done = await answerWith(tab, key, null, FLAGS.up);
  assert.equal(statusOf(done), 'Success');
});

test('another person’s passkey in a step-up is refused, by the question and by the sign-in’s', async () => {
  await fresh();
  await giveKey('alice');
  const bobs = await giveKey('bob');
  const browser = new PersonBrowser();
  await browser.signIn(node);
  const tab = await open(browser, at('strong'));
  assert.notEqual(askedOn(tab.page), null);
  const refused = await answerWith(tab, bobs, 'bob');
  assert.equal(samlResponse(refused), null);
  assert.match(refused.text, /not right/);
  assert.equal(statusOf((await browser.start(node, { now: node.time.now })).answer), 'Success');
});

test('another person’s passkey after one’s own password: their sign-in, with nothing of the other’s', async () => {
  const [app = ''] = await fresh('alice');
  const bobs = await giveKey('bob', FLAGS.up | FLAGS.uv);
  const tab = await open(new PersonBrowser(), at('strong'));
  const asked = tab.page;
  const older = { ...tab, browser: tab.browser.copy() };
  assert.equal(heading(await password(tab)), APP);
  // The page of before, in the flow that knows alice's password by now: it asks for her app.
  tab.page = asked;
  assert.equal(heading(await answerWith(tab, bobs, 'bob')), APP);
  // In the older copy it is bob who signs in, alone.
  older.page = asked;
  const done = await answerWith(older, bobs, 'bob');
  assert.equal(statusOf(done), 'Success');
  assert.deepEqual(node.audited.at(-1)?.methods, ['passkey']);
  assert.equal(node.audited.at(-1)?.loginName, 'bob');
  assert.notEqual(app, '');
});

test('while enrolments cannot be read nobody comes in by passkey, and it is said', async () => {
  await fresh();
  const key = await giveKey('alice');
  const tab = await open(new PersonBrowser());
  node.world.store.fail(true);
  const down = await answerWith(tab, key, 'alice');
  assert.equal(down.status, 503);
  assert.ok(Number(down.headers['retry-after']) > 0);
});

const garbage = ['', '{}', 'null', '[]', '{"id":"x"}', 'x'.repeat(40_000), '{"__proto__":{}}'];
for (const text of garbage) {
  test(`an answer like ${JSON.stringify(text.slice(0, 20))} is refused with the page`, async () => {
    await fresh();
    const tab = await open(new PersonBrowser());
    const page = await submit(tab, { method: 'webauthn', [WEBAUTHN_FIELD]: text });
    assert.equal(page.status, 400);
    assert.equal(heading(page), 'Sign in');
  });
}
