// A real browser signs in at a real SP on another site: what SameSite, CSP and history do to it.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, type TestContext, test } from 'node:test';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { makeKeyAndCertificate } from '../../scripts/key-and-certificate.ts';
import { makeSamlSp, newRequestId, type SpIdentity, spMetadata } from '../../scripts/saml-sp.ts';
import { cspViolations } from '../support/chromium.ts';
import { ALICE, BOB } from '../support/cluster.ts';
import { freePorts } from '../support/free-ports.ts';
import { signingKeyFromStock } from '../support/key-stock.ts';
import { PLAIN } from '../support/sign-in.ts';
import { STAGE_TOOLS, type Stage, startStage } from '../support/stage.ts';
import { requireTool } from '../support/tools.ts';

let stage: Stage;
let hopping: SpIdentity;
let farPort = 0;

before(async () => {
  if (!STAGE_TOOLS.every((tool) => requireTool({ skip: () => {} }, tool))) return;
  const [hoppingPort = 0, far = 0] = await freePorts(2);
  farPort = far;
  const baseUrl = `http://127.0.0.1:${hoppingPort}`;
  hopping = { baseUrl, title: 'Hopping', keys: await makeKeyAndCertificate(baseUrl, signingKeyFromStock) };
  stage = await startStage([spMetadata(hopping)]);
});

after(() => stage?.close());

/** A fresh profile whose pages break nothing that their CSP forbids; null when a tool is missing. */
async function freshContext(t: TestContext, options: BrowserContextOptions = {}): Promise<BrowserContext | null> {
  if (!STAGE_TOOLS.every((tool) => requireTool(t, tool))) return null;
  const context = await stage.chromium.newContext(options);
  context.setDefaultTimeout(10_000);
  const violations: (readonly string[])[] = [];
  context.on('page', (page) => violations.push(cspViolations(page)));
  t.after(async () => {
    await context.close();
    assert.deepEqual(violations.flat(), []);
  });
  return context;
}

async function fillIn(page: Page, person: { readonly name: string; readonly password: string }): Promise<void> {
  await page.getByLabel('User name').fill(person.name);
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

async function isSignedIn(page: Page, sp: SpIdentity, name: string): Promise<void> {
  await page.waitForURL(`${sp.baseUrl}/`);
  assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), `Signed in as ${name}`);
}

test('a cross-site POST: it carries no cookie of ours, the 303 after it does, and the SP gets none', async (t) => {
  const context = await freshContext(t);
  if (context === null) return;
  const page = await context.newPage();
  // A session first, so that there is a cookie that must stay away from the POST.
  await page.goto(`${stage.wiki.baseUrl}/login`);
  await fillIn(page, ALICE);
  await isSignedIn(page, stage.wiki, 'Alice Example');
  const ours = (await context.cookies(stage.cluster.publicUrl)).map((cookie) => cookie.name);
  assert.ok(ours.includes('signet_sso'), `our cookies: ${ours}`);

  const [idpBefore, wikiBefore] = [stage.toIdp.requests.length, stage.toWiki.requests.length];
  await page.goto(`${stage.wiki.baseUrl}/login?binding=post`);
  await isSignedIn(page, stage.wiki, 'Alice Example');

  const sent = stage.toIdp.requests.slice(idpBefore);
  const [post, hop] = sent;
  assert.deepEqual([post?.method, post?.path], ['POST', '/saml/idp/sso']);
  assert.equal(post?.headers['sec-fetch-site'], 'cross-site');
  assert.equal(post?.headers.cookie, undefined);
  assert.equal(hop?.method, 'GET');
  assert.match(hop?.path ?? '', /^\/flow\/[\w-]{8}$/);
  assert.equal(hop?.headers['sec-fetch-site'], 'cross-site');
  assert.match(hop?.headers.cookie ?? '', /(^|; )signet_sso=/);
  assert.match(hop?.headers.cookie ?? '', /(^|; )signet_f_[\w-]{8}=/);
  assert.deepEqual(sent.filter((request) => request.method === 'POST').length, 1, 'no password was asked');

  const received = stage.toWiki.requests.slice(wikiBefore);
  const acs = received.find((request) => request.path === '/acs');
  assert.equal(acs?.method, 'POST');
  assert.equal(acs?.headers['sec-fetch-site'], 'cross-site');
  for (const request of stage.toWiki.requests) assert.doesNotMatch(request.headers.cookie ?? '', /signet/);
});

test('a password after a cross-site POST', async (t) => {
  const context = await freshContext(t);
  if (context === null) return;
  const page = await context.newPage();
  await page.goto(`${stage.wiki.baseUrl}/login?binding=post`);
  await fillIn(page, { ...ALICE, password: 'wrong' });
  await page.getByRole('alert').waitFor();
  assert.equal(await page.getByLabel('User name').inputValue(), 'alice');
  assert.equal(await page.getByLabel('Password').inputValue(), '');
  await fillIn(page, ALICE);
  await isSignedIn(page, stage.wiki, 'Alice Example');
  await page.getByText('With your password, typed for this sign-in.').waitFor();
  await page.goto(`${stage.library.baseUrl}/login?binding=post`);
  await isSignedIn(page, stage.library, 'Alice Example');
  await page.getByText('By single sign-on, without typing anything').waitFor();
});

test('two tabs at once: both sign-ins arrive, whichever is finished first', async (t) => {
  const context = await freshContext(t);
  if (context === null) return;
  const [first, second] = [await context.newPage(), await context.newPage()];
  await first.goto(`${stage.wiki.baseUrl}/login`);
  await second.goto(`${stage.library.baseUrl}/login?binding=post`);
  assert.notEqual(first.url(), second.url());
  await fillIn(second, ALICE);
  await isSignedIn(second, stage.library, 'Alice Example');
  await fillIn(first, ALICE);
  await isSignedIn(first, stage.wiki, 'Alice Example');
});

test('two tabs at once, the older one reloaded: the session of the other tab serves it', async (t) => {
  const context = await freshContext(t);
  if (context === null) return;
  const [first, second] = [await context.newPage(), await context.newPage()];
  await first.goto(`${stage.wiki.baseUrl}/login`);
  await second.goto(`${stage.library.baseUrl}/login`);
  await fillIn(second, BOB);
  await isSignedIn(second, stage.library, 'Bob Example');
  await first.reload();
  await isSignedIn(first, stage.wiki, 'Bob Example');
});

test('back to the login page after signing in: forward again, or plain words, never a bare error', async (t) => {
  const context = await freshContext(t);
  if (context === null) return;
  const page = await context.newPage();
  await page.goto(`${stage.wiki.baseUrl}/login`);
  const loginUrl = page.url();
  await fillIn(page, ALICE);
  await isSignedIn(page, stage.wiki, 'Alice Example');
  await page.goBack();
  // Chromium may leave out entries that it went through by itself; the address always works.
  if (!page.url().startsWith(stage.cluster.publicUrl)) await page.goto(loginUrl);
  await page.waitForLoadState();
  const heading = await page.getByRole('heading', { level: 1 }).textContent();
  assert.doesNotMatch(await page.content(), new RegExp(ALICE.password));
  assert.match(
    heading ?? '',
    /^(You are signed in already|This sign-in page is no longer in use|Signed in as Alice Example)$/,
  );
  // And the way on from there works.
  await page.goto(`${stage.wiki.baseUrl}/login`);
  await isSignedIn(page, stage.wiki, 'Alice Example');
});

test('back from the login page to the SP and in again: a new attempt, the older one does not stand in its way', async (t) => {
  const context = await freshContext(t);
  if (context === null) return;
  const page = await context.newPage();
  await page.goto(`${stage.wiki.baseUrl}/`);
  await page.getByRole('link', { name: 'Sign in', exact: true }).click();
  const abandoned = page.url();
  await page.goBack();
  await page.getByRole('link', { name: 'Sign in by POST' }).click();
  await page.getByLabel('Password').waitFor();
  assert.notEqual(page.url(), abandoned);
  await fillIn(page, ALICE);
  await isSignedIn(page, stage.wiki, 'Alice Example');
});

// Chromium applies form-action to the redirects that follow a form post; helmet's default would stop this sign-in.
test('an ACS that redirects on to another host', async (t) => {
  const context = await freshContext(t);
  if (context === null) return;
  const saml = makeSamlSp(hopping, stage.cluster.idp);
  const farUrl = `http://127.0.0.2:${farPort}/welcome`;
  const acs = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const answer = await saml.accept(form.get('SAMLResponse') ?? '').catch(() => null);
    response.writeHead(answer === null ? 403 : 303, answer === null ? {} : { Location: farUrl }).end();
  }).listen(Number(new URL(hopping.baseUrl).port), '127.0.0.1');
  const far = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>Far</title><h1>Far away</h1>');
  }).listen(farPort, '127.0.0.2');
  t.after(() => {
    for (const server of [acs, far]) {
      server.close();
      server.closeAllConnections();
    }
  });
  for (const warm of [false, true]) {
    const request = await saml.request(PLAIN, newRequestId());
    assert.ok(request.kind === 'redirect');
    const page = await context.newPage();
    await page.goto(request.url);
    if (!warm) await fillIn(page, ALICE);
    await page.waitForURL(farUrl);
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Far away');
  }
});

for (const binding of ['redirect', 'post']) {
  test(`without JavaScript, ${binding}: every step has a button`, async (t) => {
    const context = await freshContext(t, { javaScriptEnabled: false });
    if (context === null) return;
    const page = await context.newPage();
    await page.goto(`${stage.wiki.baseUrl}/login${binding === 'post' ? '?binding=post' : ''}`);
    if (binding === 'post') await page.getByRole('button', { name: 'Continue' }).click();
    await fillIn(page, ALICE);
    await page.getByRole('button', { name: 'Continue' }).click();
    await isSignedIn(page, stage.wiki, 'Alice Example');
  });
}

test('a login form inside another site’s frame is not shown', async (t) => {
  if (!STAGE_TOOLS.every((tool) => requireTool(t, tool))) return;
  const saml = makeSamlSp(hopping, stage.cluster.idp);
  const request = await saml.request(PLAIN, newRequestId());
  assert.ok(request.kind === 'redirect');
  const thief = createServer((_, response) => {
    const target = request.kind === 'redirect' ? request.url.replaceAll('&', '&amp;') : '';
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<!doctype html><iframe src="${target}"></iframe>`);
  }).listen(farPort, '127.0.0.2');
  t.after(() => {
    thief.close();
    thief.closeAllConnections();
  });
  const context = await stage.chromium.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  const framed = page.waitForResponse((response) =>
    response.url().startsWith(`${stage.cluster.publicUrl}/saml/idp/sso`),
  );
  await page.goto(`http://127.0.0.2:${farPort}/`);
  const answer = await framed;
  assert.equal(answer.request().headers()['sec-fetch-dest'] ?? 'iframe', 'iframe');
  assert.equal(answer.status(), 403);
  const headers = await answer.allHeaders();
  assert.equal(headers['set-cookie'], undefined);
  assert.match(headers['content-security-policy'] ?? '', /frame-ancestors 'none'/);
  for (const frame of page.frames().slice(1)) assert.equal(await frame.getByLabel('Password').count(), 0);
});
