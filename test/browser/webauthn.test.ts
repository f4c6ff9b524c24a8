// The methods' questions and Chromium's answers, from its virtual authenticators: what our own one could get wrong too.
// The page is empty: pages of Signet are tested where they are.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { createPasskeySignIn, createWebauthnMethod } from '../../src/methods/webauthn.ts';
import { createWebauthnEnrolment } from '../../src/methods/webauthn-enrol.ts';
import { userHandles, WEBAUTHN_FIELD, type WebauthnParty, webauthnParty } from '../../src/methods/webauthn-party.ts';
import { add, anna, at, ben, createWorld, fields, random, START, type World } from '../methods/factor-person.ts';
import { CHROMIUM, launchChromium } from '../support/chromium.ts';
import { requireTool } from '../support/tools.ts';

let browser: Browser | null = null;
let server: Server;
let party: WebauthnParty;

before(async () => {
  if (!requireTool({ skip: () => {} }, CHROMIUM)) return;
  server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>empty</title>');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  party = webauthnParty(url, 'Example') ?? assert.fail();
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  server?.close();
});

const userHandle = userHandles(Buffer.alloc(32, 7));
const spent = { spend: async () => 'first' as const };

interface Desk {
  readonly page: Page;
  readonly devtools: CDPSession;
  readonly authenticator: string;
}

/** A browser window with one authenticator that answers by itself. */
async function desk(
  { newContext }: { readonly newContext: () => ReturnType<Browser['newContext']> },
  options: { readonly transport: 'internal' | 'usb'; readonly verifies: boolean },
): Promise<Desk> {
  const context = await newContext();
  const page = await context.newPage();
  await page.goto(`${party.origin}/`);
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: options.transport,
      hasResidentKey: options.verifies,
      hasUserVerification: options.verifies,
      isUserVerified: options.verifies,
      automaticPresenceSimulation: true,
    },
  });
  return { page, devtools, authenticator: authenticatorId };
}

/** What a page of Signet does in the browser: hand the question on, and post the answer as JSON. */
function ask({ page }: Desk, what: 'create' | 'get', options: string): Promise<string> {
  const read = what === 'create' ? 'parseCreationOptionsFromJSON' : 'parseRequestOptionsFromJSON';
  // As text: the types of a browser are not those of Node.
  return page.evaluate(
    `navigator.credentials.${what}({ publicKey: PublicKeyCredential.${read}(${options}) }).then(JSON.stringify)`,
  );
}

async function enrolIn(where: Desk, world: World, account = anna): Promise<string> {
  const enrolment = createWebauthnEnrolment({ party, userHandle, roots: [], random });
  const subject = { account, enrolled: world.store.now(account.id) };
  const begun = await enrolment.begin(subject, fields({}), at(START));
  if (begun.kind !== 'ready') assert.fail(begun.kind);
  const pending = { data: begun.pending, at: START };
  const shown = await enrolment.page(subject, pending);
  if (shown?.kind !== 'webauthn') assert.fail('no page');
  const form = fields({ [WEBAUTHN_FIELD]: await ask(where, 'create', shown.options) });
  return add(world, account, await enrolment.confirm(subject, form, pending, at(START)));
}

async function stepUp(where: Desk, world: World, account = anna): Promise<string> {
  const method = createWebauthnMethod({ party, store: world.store, spent, userHandle, random });
  const subject = { account, enrolled: world.store.now(account.id) };
  const begun = await method.begin(subject, fields({}), at(START));
  if (begun.kind !== 'ready' || begun.pending === null) assert.fail(begun.kind);
  const pending = { data: begun.pending, at: START };
  const shown = await method.page(subject, pending);
  if (shown?.kind !== 'webauthn') assert.fail('no page');
  const form = fields({ [WEBAUTHN_FIELD]: await ask(where, 'get', shown.options) });
  const outcome = await method.verify(subject, form, pending, at(START + 3));
  return outcome.kind === 'proved' ? outcome.event.method : outcome.because;
}

async function signIn(where: Desk, world: World): Promise<string> {
  const directory = { findById: async (id: string) => [anna, ben].find((one) => one.id === id) ?? null };
  const passkeys = createPasskeySignIn({ party, store: world.store, spent, userHandle, random, directory });
  const pending = { data: passkeys.begin(), at: START };
  const options = (await passkeys.page(pending)) ?? assert.fail('no page');
  const form = fields({ [WEBAUTHN_FIELD]: await ask(where, 'get', options) });
  const outcome = await passkeys.verify(form, pending, at(START + 3));
  return outcome.kind === 'proved' ? `${outcome.account.loginName} by ${outcome.event.method}` : outcome.because;
}

test('a passkey of the device is enrolled, steps up, and signs in without a name; twice is too often', async (t) => {
  if (!requireTool(t, CHROMIUM) || browser === null) return;
  const world = createWorld();
  const laptop = await desk(
    { newContext: browser.newContext.bind(browser) },
    { transport: 'internal', verifies: true },
  );
  await enrolIn(laptop, world);
  const [credential] = world.store.now(anna.id).credentials;
  assert.partialDeepStrictEqual(credential?.data, { kind: 'webauthn', userVerification: true, discoverable: true });
  assert.equal(await stepUp(laptop, world), 'passkey');
  assert.equal(await signIn(laptop, world), 'anna by passkey');
  // excludeCredentials: the browser refuses to make a second one in the same authenticator.
  await assert.rejects(enrolIn(laptop, world), /InvalidStateError/);
});

test('a security key without a PIN proves possession, and signs nobody in alone', async (t) => {
  if (!requireTool(t, CHROMIUM) || browser === null) return;
  const world = createWorld();
  const key = await desk({ newContext: browser.newContext.bind(browser) }, { transport: 'usb', verifies: false });
  await enrolIn(key, world);
  assert.partialDeepStrictEqual(world.store.now(anna.id).credentials[0]?.data, { userVerification: false });
  assert.equal(await stepUp(key, world), 'webauthn');
  assert.equal(await stepUp(key, world), 'webauthn');
});

test('another person’s passkey steps nobody up', async (t) => {
  if (!requireTool(t, CHROMIUM) || browser === null) return;
  const world = createWorld();
  const newContext = browser.newContext.bind(browser);
  const laptop = await desk({ newContext }, { transport: 'internal', verifies: true });
  await enrolIn(laptop, world, ben);
  const annas = await desk({ newContext }, { transport: 'internal', verifies: true });
  await enrolIn(annas, world, anna);
  // The browser is asked for ben's key, and its answer is posted in anna's step-up.
  const method = createWebauthnMethod({ party, store: world.store, spent, userHandle, random });
  const bens = { account: ben, enrolled: world.store.now(ben.id) };
  const begun = await method.begin(bens, fields({}), at(START));
  if (begun.kind !== 'ready' || begun.pending === null) assert.fail(begun.kind);
  const pending = { data: begun.pending, at: START };
  const shown = await method.page(bens, pending);
  if (shown?.kind !== 'webauthn') assert.fail('no page');
  const form = fields({ [WEBAUTHN_FIELD]: await ask(laptop, 'get', shown.options) });
  const annasNow = { account: anna, enrolled: world.store.now(anna.id) };
  const refused = await method.verify(annasNow, form, pending, at(START));
  assert.equal(refused.kind === 'failed' && refused.because, 'not-enrolled');
  assert.equal((await method.verify(bens, form, pending, at(START))).kind, 'proved');
});
