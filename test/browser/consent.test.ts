// The page that asks for consent in a real browser: read, agreed to and declined by keyboard, with and without JavaScript,
// in both languages, on a phone and on a desk; and taken back on the page of the account.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { after, before, type TestContext, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { systemRandom } from '../../src/lib/random.ts';
import { hashClientSecret } from '../../src/parties/client-secret.ts';
import { CHROMIUM, cspViolations, launchChromium } from '../support/chromium.ts';
import { freePorts } from '../support/free-ports.ts';
import { CHALLENGE } from '../support/oidc.ts';
import { type OneNode, PASSWORD, startOneNode } from '../support/one-node.ts';
import { requireTool } from '../support/tools.ts';

interface Stage {
  readonly node: OneNode;
  readonly url: string;
  readonly callback: string;
  readonly chromium: Browser;
  readonly close: () => Promise<void>;
}

let stage: Stage;

before(async () => {
  if (requireTool({ skip: () => {} }, CHROMIUM)) stage = await startStage();
});
after(() => stage?.close());

async function startStage(): Promise<Stage> {
  const [port = 0, wiki = 0] = await freePorts(2);
  const url = `http://localhost:${port}`;
  const callback = `http://127.0.0.1:${wiki}/callback`;
  const node = await startOneNode({
    publicUrl: url,
    database: 'sqlite',
    people: ['alice', 'bob', 'carol', 'dave'],
    attributes: new Map([
      ['mail', ['person@example.org']],
      ['displayName', ['A Person with rather a long name']],
      ['employeeNumber', ['4711']],
    ]),
    clients: [
      {
        client_id: 'wiki',
        client_name: 'Wiki',
        redirect_uris: [callback],
        client_secret_hash: hashClientSecret('', systemRandom()),
        tos_uri: 'https://wiki.example.org/terms',
        policy_uri: 'https://wiki.example.org/privacy',
        signet: { consent: 'ask', attributes: ['employeeNumber'] },
      },
    ],
  });
  const servers = [
    createServer(node.node.publicListener).listen(port, 'localhost'),
    client().listen(wiki, '127.0.0.1'),
  ];
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))));
  const chromium = await launchChromium();
  const close = async (): Promise<void> => {
    await chromium.close();
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
    await node.close();
  };
  return { node, url, callback, chromium, close };
}

/** Says what it was told at its redirect_uri. */
function client(): Server {
  return createServer((request, response) => {
    const told = new URL(request.url ?? '/', 'http://wiki').searchParams;
    response.writeHead(200, { 'Content-Type': 'text/html' });
    response.end(`<!doctype html><title>Wiki</title><h1>Wiki: ${told.has('code') ? 'code' : told.get('error')}</h1>`);
  });
}

async function freshTab(t: TestContext, options: BrowserContextOptions = {}): Promise<Page | null> {
  if (!requireTool(t, CHROMIUM)) return null;
  const context = await stage.chromium.newContext(options);
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const stopped = cspViolations(page);
  t.after(async () => {
    await context.close();
    assert.deepEqual(stopped, []);
  });
  return page;
}

async function ask(page: Page, name: string | null, scope = 'openid profile email'): Promise<void> {
  const parameters = { client_id: 'wiki', redirect_uri: stage.callback, response_type: 'code', scope, state: 's' };
  const pkce = { code_challenge: CHALLENGE, code_challenge_method: 'S256' };
  await page.goto(`${stage.url}/oidc/authorize?${new URLSearchParams({ ...parameters, ...pkce })}`);
  if (name === null) return;
  await page.locator('#username').fill(name);
  await page.locator('#password').fill(PASSWORD);
  await page.locator('#password').press('Enter');
  await page.locator('button[name="agree"]').waitFor();
}

async function isGood(page: Page, what: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map((one) => `${what}: ${one.id}: ${one.nodes.map(({ html }) => html).join(' ')}`);
  assert.deepEqual(found, []);
  // Nothing to scroll sideways for (WCAG 1.4.10).
  assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true, what);
}

/** Presses Tab until this has the focus: everything can be reached without a mouse. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 24; presses += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate(`document.activeElement?.matches(${JSON.stringify(selector)})`)) return;
  }
  assert.fail(`${selector} cannot be reached`);
}

const arrives = (page: Page, told: string): Promise<void> =>
  page.getByRole('heading', { name: `Wiki: ${told}` }).waitFor();

const LOOKS = [
  { name: 'alice', title: 'Tell Wiki who you are?', locale: 'en-GB', colorScheme: 'light', width: 1280, height: 900 },
  {
    name: 'bob',
    title: 'Wiki mitteilen, wer Sie sind?',
    locale: 'de-DE',
    colorScheme: 'dark',
    width: 360,
    height: 740,
  },
] as const;

for (const { name, title, locale, colorScheme, width, height } of LOOKS) {
  test(`${locale}, ${colorScheme}, ${width} pixels wide: axe has nothing to say, and the keyboard agrees`, async (t) => {
    const page = await freshTab(t, { locale, colorScheme, viewport: { width, height } });
    if (page === null) return;
    await ask(page, name);
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), title);
    await isGood(page, 'consent');
    await tabTo(page, 'button[name="agree"]');
    await page.keyboard.press('Enter');
    await arrives(page, 'code');
    await ask(page, null);
    await arrives(page, 'code');
    await page.goto(`${stage.url}/account`);
    await isGood(page, 'account');
    await tabTo(page, 'form[action="/account/consents"] button');
    await page.keyboard.press('Enter');
    await page.getByRole('status').waitFor();
    await isGood(page, 'account, taken back');
    await ask(page, null);
    await page.locator('button[name="agree"]').waitFor();
  });
}

test('without JavaScript: declined by keyboard, and back at the application', async (t) => {
  const page = await freshTab(t, { javaScriptEnabled: false });
  if (page === null) return;
  await ask(page, 'carol');
  await page.locator('button[name="cancel"]').focus();
  await page.keyboard.press('Enter');
  await arrives(page, 'access_denied');
});

test('two tabs, Back, and a page that was left open', async (t) => {
  const page = await freshTab(t);
  if (page === null) return;
  await ask(page, 'dave');
  const other = await page.context().newPage();
  await ask(other, 'dave', 'openid email');
  await other.locator('button[name="agree"]').click();
  await arrives(other, 'code');
  await page.locator('button[name="agree"]').click();
  await arrives(page, 'code');
  await page.goBack();
  await page.getByRole('heading', { level: 1 }).waitFor();
  const agree = page.locator('button[name="agree"]');
  if (await agree.isVisible()) await agree.click();
  await page.getByRole('heading', { name: 'You are signed in already' }).waitFor();
});
