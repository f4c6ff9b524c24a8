// examples/spa in Chromium: a page of another origin signs in with PKCE and DPoP, and nobody else can use its tokens.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { CHROMIUM, cspViolations, launchChromium } from '../support/chromium.ts';
import { ALICE, type Cluster, startCluster } from '../support/cluster.ts';
import { freePorts } from '../support/free-ports.ts';
import { requireTool } from '../support/tools.ts';

const TOOLS = ['/usr/sbin/haproxy', CHROMIUM] as const;
const EXAMPLE = new URL('../../examples/spa/', import.meta.url);

let cluster: Cluster;
let chromium: Browser;
let pages: readonly Server[] = [];
/** The example, and the same page on an origin that nobody has registered. */
let spa = '';
let stranger = '';

before(async () => {
  if (!TOOLS.every((tool) => requireTool({ skip: () => {} }, tool))) return;
  const ports = await freePorts(2);
  [spa = '', stranger = ''] = ports.map((port) => `http://127.0.0.1:${port}/`);
  cluster = await startCluster({
    nodes: 2,
    parties: [],
    directory: 'yaml',
    clients: [
      {
        client_id: 'spa',
        token_endpoint_auth_method: 'none',
        dpop_bound_access_tokens: true,
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [spa],
        post_logout_redirect_uris: [spa],
      },
    ],
  });
  pages = ports.map((port) => serve(port));
  chromium = await launchChromium();
});

after(async () => {
  await chromium?.close();
  for (const server of pages) server.close();
  await cluster?.close();
});

/** The example's files, with the provider's address written in as its reader would. */
function serve(port: number): Server {
  return createServer(async (request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?');
    if (path === '/app.js') {
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(await readFile(new URL('app.js', EXAMPLE)));
      return;
    }
    const page = await readFile(new URL('index.html', EXAMPLE), 'utf8');
    response.writeHead(path === '/' ? 200 : 404, { 'Content-Type': 'text/html' });
    response.end(page.replace('https://idp.example.org', cluster.publicUrl));
  }).listen(port, '127.0.0.1');
}

async function freshPage(t: TestContext): Promise<Page | null> {
  if (!TOOLS.every((tool) => requireTool(t, tool))) return null;
  const context = await chromium.newContext();
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const violations = cspViolations(page);
  t.after(async () => {
    await context.close();
    assert.deepEqual(violations, []);
  });
  return page;
}

async function signIn(page: Page): Promise<void> {
  await page.goto(spa);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByLabel('User name').fill(ALICE.name);
  await page.getByLabel('Password').fill(ALICE.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('Signed in as Alice Example').waitFor();
}

test('a page of another origin signs in, asks userinfo, refreshes and signs out', async (t) => {
  const page = await freshPage(t);
  if (page === null) return;
  const sent: string[] = [];
  page.on('request', (request) => sent.push(`${request.method()} ${new URL(request.url()).pathname}`));
  await signIn(page);
  assert.equal(page.url(), spa, 'the code does not stay in the address');
  assert.ok(sent.includes('POST /oidc/token'));
  await page.getByRole('button', { name: 'Ask again' }).click();
  // Bound to the page's key, so that a refresh token is given without a database as well (docs/openid.md).
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByText('Refreshed').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(spa);
  await page.getByText('Nobody is signed in').waitFor();
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByLabel('Password').waitFor();
});

test('its tokens are of no use without the key, and the key cannot be taken out', async (t) => {
  const page = await freshPage(t);
  if (page === null) return;
  const answers: string[] = [];
  page.on('response', async (response) => {
    if (response.url().endsWith('/oidc/token') && response.ok()) answers.push(await response.text());
  });
  await signIn(page);
  const { access_token: accessToken, refresh_token: refreshToken } = JSON.parse(answers[0] ?? '{}');
  const port = `http://127.0.0.1:${cluster.port}`;
  for (const scheme of ['Bearer', 'DPoP']) {
    const headers = { Authorization: `${scheme} ${accessToken}` };
    assert.ok([400, 401].includes((await fetch(`${port}/oidc/userinfo`, { headers })).status), scheme);
  }
  const form = { grant_type: 'refresh_token', client_id: 'spa', refresh_token: refreshToken };
  const refused = await fetch(`${port}/oidc/token`, { method: 'POST', body: new URLSearchParams(form) });
  assert.equal(refused.status, 400);
  const extractable = await page.evaluate(
    `new Promise((resolve) => {
      const open = indexedDB.open('signet-example', 1);
      open.onsuccess = () => {
        const got = open.result.transaction('keys').objectStore('keys').get('dpop');
        got.onsuccess = () => resolve(got.result.privateKey.extractable);
      };
    })`,
  );
  assert.equal(extractable, false);
});

test('the same page on an origin that is not registered gets nowhere', async (t) => {
  const page = await freshPage(t);
  if (page === null) return;
  await page.goto(stranger);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL(/\/oidc\/authorize/);
  assert.equal(await page.getByLabel('Password').count(), 0);
  await page.goto(stranger);
  const read = await page.evaluate(
    `fetch('${cluster.publicUrl}/oidc/token', { method: 'POST', body: new URLSearchParams({ client_id: 'spa' }) })
      .then(() => 'read', () => 'kept away')`,
  );
  assert.equal(read, 'kept away');
});
