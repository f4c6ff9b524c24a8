// What an SP can ask of a sign-in (saml-core §3.4.1), asked by node-saml through three nodes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeSamlSp, type RequestBinding, type SpIdentity, spMetadata } from '../../scripts/saml-sp.ts';
import { ALICE, BOB, type Cluster, startCluster } from '../support/cluster.ts';
import { bareSp, PLAIN, signIn, visitor } from '../support/sign-in.ts';
import { requireTool } from '../support/tools.ts';

const HAPROXY = '/usr/sbin/haproxy';
const BINDINGS: readonly RequestBinding[] = ['redirect', 'post'];

let cluster: Cluster;
let wiki: SpIdentity;
let library: SpIdentity;
let stranger: SpIdentity;

before(async () => {
  if (!requireTool({ skip: () => {} }, HAPROXY)) return;
  [wiki, library, stranger] = await Promise.all([bareSp(1), bareSp(2), bareSp(3)]);
  cluster = await startCluster({ parties: [spMetadata(wiki), spMetadata(library)] });
});

after(() => cluster?.close());

for (const binding of BINDINGS) {
  const options = { ...PLAIN, binding };

  test(`${binding}: a password, then the second SP without a page, with the same proof`, async (t) => {
    if (!requireTool(t, HAPROXY)) return;
    const { browser, saml } = visitor(cluster, wiki);
    const first = await signIn(browser, wiki, saml, options, ALICE);
    assert.equal(first.pages, 1);
    assert.ok(first.answer);
    assert.equal(first.answer.encrypted, true);
    assert.deepEqual(new Map(first.answer.attributes).get('mail'), ['alice@example.org']);
    assert.deepEqual(new Map(first.answer.attributes).get('displayName'), ['Alice Example']);

    const second = await signIn(browser, library, makeSamlSp(library, cluster.idp), options, ALICE);
    assert.equal(second.pages, 0);
    assert.deepEqual(second.answer?.authnInstant, first.answer.authnInstant);
    // Pairwise: two SPs must not be able to compare whom they see (saml-core §8.3.7).
    assert.notEqual(second.answer?.nameId, first.answer.nameId);

    const again = await signIn(browser, wiki, saml, options, ALICE);
    assert.equal(again.pages, 0);
    assert.equal(again.answer?.nameId, first.answer.nameId);
    browser.close();
  });

  test(`${binding}: ForceAuthn asks for the password although there is a session, and the proof is new`, async (t) => {
    if (!requireTool(t, HAPROXY)) return;
    const { browser, saml } = visitor(cluster, wiki);
    const first = await signIn(browser, wiki, saml, options, ALICE);
    // AuthnInstant has whole seconds: the second proof must be able to differ.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const forced = await signIn(browser, wiki, saml, { ...options, forceAuthn: true }, ALICE);
    assert.equal(forced.pages, 1);
    assert.ok(first.answer && forced.answer);
    assert.ok(forced.answer.authnInstant > first.answer.authnInstant);
    assert.equal(forced.answer.nameId, first.answer.nameId);
    browser.close();
  });

  test(`${binding}: IsPassive without a session is answered NoPassive, signed, without a page`, async (t) => {
    if (!requireTool(t, HAPROXY)) return;
    const { browser, saml } = visitor(cluster, wiki);
    const outcome = await signIn(browser, wiki, saml, { ...options, passive: true }, ALICE);
    assert.deepEqual(outcome, { answer: null, pages: 0 });
    browser.close();
  });

  test(`${binding}: IsPassive with a session signs in without a page`, async (t) => {
    if (!requireTool(t, HAPROXY)) return;
    const { browser, saml } = visitor(cluster, wiki);
    await signIn(browser, wiki, saml, options, ALICE);
    const outcome = await signIn(browser, wiki, saml, { ...options, passive: true }, ALICE);
    assert.equal(outcome.pages, 0);
    assert.ok(outcome.answer);
    browser.close();
  });

  test(`${binding}: ForceAuthn and IsPassive together can only be NoPassive`, async (t) => {
    if (!requireTool(t, HAPROXY)) return;
    const { browser, saml } = visitor(cluster, wiki);
    await signIn(browser, wiki, saml, options, ALICE);
    const outcome = await signIn(browser, wiki, saml, { ...options, passive: true, forceAuthn: true }, ALICE);
    assert.deepEqual(outcome, { answer: null, pages: 0 });
    browser.close();
  });

  test(`${binding}: another person's ForceAuthn replaces the session`, async (t) => {
    if (!requireTool(t, HAPROXY)) return;
    const { browser, saml } = visitor(cluster, wiki);
    const alice = await signIn(browser, wiki, saml, options, ALICE);
    const bob = await signIn(browser, wiki, saml, { ...options, forceAuthn: true }, BOB);
    assert.ok(alice.answer && bob.answer);
    assert.notEqual(bob.answer.nameId, alice.answer.nameId);
    assert.notEqual(bob.answer.sessionIndex, alice.answer.sessionIndex);
    const next = await signIn(browser, library, makeSamlSp(library, cluster.idp), options, BOB);
    assert.equal(next.pages, 0);
    assert.deepEqual(new Map(next.answer?.attributes).get('displayName'), ['Bob Example']);
    browser.close();
  });

  test(`${binding}: an SP that nobody imported gets no response`, async (t) => {
    if (!requireTool(t, HAPROXY)) return;
    const { browser, saml } = visitor(cluster, stranger);
    await assert.rejects(signIn(browser, stranger, saml, options, ALICE), /no response form, but 4\d\d/);
    browser.close();
  });
}
