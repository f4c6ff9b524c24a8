// A stock SP signs in through three nodes: Apache with mod_auth_mellon, its requests signed, its assertions encrypted.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ALICE, type Cluster, startCluster } from '../support/cluster.ts';
import { HttpBrowser, type Page } from '../support/http-browser.ts';
import {
  MELLON_TOOLS,
  type Mellon,
  type MellonIdentity,
  mellonIdentity,
  PROTECTED_TEXT,
  startMellon,
} from '../support/mellon.ts';
import { fieldOf, headline, loginForm, responseForm } from '../support/sign-in.ts';
import { requireTool } from '../support/tools.ts';

const TOOLS = ['/usr/sbin/haproxy', ...MELLON_TOOLS];

let cluster: Cluster;
let byRedirect: Mellon;
let byPost: Mellon;
let identities: readonly [MellonIdentity, MellonIdentity];

before(async () => {
  // The tests below skip, or fail, by the tool's name.
  if (!TOOLS.every((tool) => requireTool({ skip: () => {} }, tool))) return;
  identities = [await mellonIdentity(), await mellonIdentity()];
  cluster = await startCluster({ parties: identities.map((identity) => identity.metadataXml) });
  byRedirect = await startMellon(identities[0], cluster.idpMetadataXml);
  byPost = await startMellon(identities[1], postOnly(cluster.idpMetadataXml));
});

after(async () => {
  await Promise.all([byRedirect, byPost, cluster].map((each) => each?.close()));
});

/** The IdP's metadata without its Redirect endpoint, so that mellon has to use POST. */
function postOnly(metadata: string): string {
  const endpoint =
    /<(?:\w+:)?SingleSignOnService\b[^>]*HTTP-Redirect[^>]*(?:\/>|>\s*<\/(?:\w+:)?SingleSignOnService>)/g;
  const without = metadata.replace(endpoint, '');
  assert.notEqual(without, metadata);
  assert.match(without, /HTTP-POST/);
  return without;
}

/** Goes on past the pages that only wait for a script: mellon's POST request, Signet's response. */
async function press(browser: HttpBrowser, page: Page, field: string): Promise<Page> {
  const form = page.forms.find((each) => fieldOf(each, field) !== undefined);
  assert.ok(form, `a form with ${field}, not ${page.status} ${page.url}: ${headline(page)}`);
  return browser.submit(page, form);
}

const rows = [
  { name: 'signed Redirect request', mellon: () => byRedirect, begin: async (_: HttpBrowser, page: Page) => page },
  {
    name: 'POST request, through metadata without Redirect',
    mellon: () => byPost,
    begin: (browser: HttpBrowser, page: Page) => press(browser, page, 'SAMLRequest'),
  },
] as const;

for (const row of rows) {
  test(`mellon: ${row.name}: password, encrypted assertion, signed in`, async (t) => {
    if (!TOOLS.every((tool) => requireTool(t, tool))) return;
    const browser = new HttpBrowser();
    try {
      const arrived = await row.begin(browser, await browser.get(row.mellon().protectedUrl));
      const login = loginForm(arrived);
      assert.ok(login, `a login form, not ${arrived.status} ${arrived.url}: ${headline(arrived)}`);
      const answered = await browser.submit(arrived, login, { username: ALICE.name, password: ALICE.password });
      const form = responseForm(answered);
      assert.ok(form, `a response, not ${answered.status}: ${headline(answered)}`);
      const xml = Buffer.from(fieldOf(form, 'SAMLResponse') ?? '', 'base64').toString('utf8');
      assert.match(xml, /<\w+:EncryptedAssertion[\s>]/);
      assert.doesNotMatch(xml, /alice@example\.org/);
      const page = await browser.submit(answered, form);
      assert.equal(page.status, 200, await row.mellon().errorLog());
      assert.equal(page.url, row.mellon().protectedUrl);
      assert.equal(page.text.trim(), PROTECTED_TEXT);
      assert.equal(page.headers['x-mellon-mail'], 'alice@example.org');
      assert.match(String(page.headers['x-mellon-user']), /\S/);
      assert.ok(
        new Set(browser.hops.map((hop) => hop.node).filter((node) => node !== '')).size > 1,
        'more than one node',
      );
    } finally {
      browser.close();
    }
  });
}

test('mellon: single sign-on at the second stock SP without a page', async (t) => {
  if (!TOOLS.every((tool) => requireTool(t, tool))) return;
  const browser = new HttpBrowser();
  try {
    const arrived = await browser.get(byRedirect.protectedUrl);
    const login = loginForm(arrived);
    assert.ok(login);
    await press(
      browser,
      await browser.submit(arrived, login, { username: ALICE.name, password: ALICE.password }),
      'SAMLResponse',
    );
    const second = await press(browser, await browser.get(byPost.protectedUrl), 'SAMLRequest');
    assert.equal(loginForm(second), null);
    const page = await press(browser, second, 'SAMLResponse');
    assert.equal(page.text.trim(), PROTECTED_TEXT);
    assert.equal(page.headers['x-mellon-mail'], 'alice@example.org');
  } finally {
    browser.close();
  }
});

test('mellon: a wrong password leads to no response at all', async (t) => {
  if (!TOOLS.every((tool) => requireTool(t, tool))) return;
  const browser = new HttpBrowser();
  try {
    const arrived = await browser.get(byRedirect.protectedUrl);
    const login = loginForm(arrived);
    assert.ok(login);
    const page = await browser.submit(arrived, login, { username: ALICE.name, password: 'not this one' });
    assert.equal(responseForm(page), null);
    assert.ok(loginForm(page), 'the login form again');
  } finally {
    browser.close();
  }
});
