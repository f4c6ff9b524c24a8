// Second factors in a real browser: set up, used, demanded, taken away; and what people do to pages meanwhile.
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { BrowserContextOptions, Page } from 'playwright-core';
import {
  type AccountStage,
  codeOf,
  freshProfile,
  giveAuthenticator,
  setUpApp,
  signIn,
  startAccountStage,
  typePassword,
} from '../support/account-stage.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { PASSWORD } from '../support/one-node.ts';
import { requireTool } from '../support/tools.ts';

let stage: AccountStage;

before(async () => {
  if (requireTool({ skip: () => {} }, CHROMIUM)) stage = await startAccountStage();
});
after(() => stage?.close());

/** A tab of a fresh profile; null when there is no Chromium. Its pages break nothing that their CSP forbids. */
async function freshTab(t: TestContext, options: BrowserContextOptions = {}): Promise<Page | null> {
  if (!requireTool(t, CHROMIUM)) return null;
  const { context, stopped } = await freshProfile(stage, options);
  t.after(async () => {
    await context.close();
    assert.deepEqual(stopped(), []);
  });
  // An hour after the test before: codes are new, and nothing has to wait.
  await stage.later(3600);
  return context.newPage();
}

const title = async (page: Page): Promise<string> =>
  (await page.getByRole('heading', { level: 1 }).textContent()) ?? '';

async function arrivesAt(page: Page, party: string, accepted?: string): Promise<void> {
  await page.getByRole('heading', { name: `${party}: Success` }).waitFor();
  if (accepted !== undefined) assert.equal(await page.locator('#class').textContent(), accepted);
}

test('an app is set up on the account’s page and asked for where more than a password is demanded', async (t) => {
  const page = await freshTab(t);
  if (page === null) return;
  await signIn(stage, page, 'alice');
  await page.getByRole('link', { name: 'Add an authenticator app' }).click();
  const secret = await setUpApp(stage, page, 'My phone');
  await page.getByRole('status').getByText('It was added').waitFor();
  await stage.later(600);

  const other = await freshTab(t);
  if (other === null) return;
  await stage.startAt(other, 'wiki');
  await typePassword(other, 'alice');
  await arrivesAt(other, 'wiki', 'PasswordProtectedTransport');
  // Step-up at a second party: only what is missing is asked.
  await stage.startAt(other, 'payroll');
  assert.equal(await title(other), 'Enter the code from your app');
  await other.getByLabel('Code').fill('000000');
  await other.getByRole('button', { name: 'Continue' }).click();
  await other.getByRole('alert').waitFor();
  await other.getByLabel('Code').fill(codeOf(stage, secret));
  await other.getByRole('button', { name: 'Continue' }).click();
  await arrivesAt(other, 'payroll');
  await stage.startAt(other, 'payroll');
  await arrivesAt(other, 'payroll');
});

test('a passkey: set up, signs in alone, steps up; another person’s is refused', async (t) => {
  const page = await freshTab(t);
  if (page === null) return;
  await giveAuthenticator(page);
  await signIn(stage, page, 'bob');
  await page.getByRole('link', { name: 'Add a passkey or security key' }).click();
  await page.getByRole('button', { name: 'Add a passkey or security key' }).click();
  await page.getByLabel('Name (optional)').fill('Laptop');
  await page.getByRole('button', { name: 'Continue with my device or key' }).click();
  await page.getByText('Laptop').waitFor();

  await page.context().clearCookies();
  // The browser offers it beside the user name (conditional mediation), and this authenticator takes every offer.
  await stage.startAt(page, 'payroll');
  await arrivesAt(page, 'payroll');

  // From now on a browser that cannot do that: there is the button.
  await page.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false');
  await page.context().clearCookies();
  await stage.startAt(page, 'payroll');
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await arrivesAt(page, 'payroll');

  await page.context().clearCookies();
  await stage.startAt(page, 'wiki');
  await typePassword(page, 'bob');
  await arrivesAt(page, 'wiki');
  await stage.startAt(page, 'payroll');
  assert.equal(await title(page), 'Use your security key or passkey');
  await page.getByRole('button', { name: 'Use security key or passkey' }).click();
  await arrivesAt(page, 'payroll');

  // Carol has signed in; Bob's key answers where a proof of hers is asked for.
  await page.context().clearCookies();
  await signIn(stage, page, 'carol');
  await stage.later(301);
  await page.goto(`${stage.url}/account/password`);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByRole('heading', { name: 'That was somebody else' }).waitFor();
  await page.goto(`${stage.url}/account`);
  await page.getByText('carol').waitFor();
});

test('who has no second factor sets one up on the way, and arrives', async (t) => {
  const page = await freshTab(t);
  if (page === null) return;
  await stage.startAt(page, 'payroll');
  await typePassword(page, 'dave');
  assert.equal(await title(page), 'Set up a second step');
  await setUpApp(stage, page, '');
  await arrivesAt(page, 'payroll');
});

test('a passkey as the second factor, set up on the way', async (t) => {
  const page = await freshTab(t);
  if (page === null) return;
  await giveAuthenticator(page);
  await stage.startAt(page, 'payroll');
  await typePassword(page, 'frank');
  await page.getByRole('button', { name: 'Add a passkey or security key' }).click();
  await page.getByRole('button', { name: 'Continue with my device or key' }).click();
  await arrivesAt(page, 'payroll');
});

test('the last factor that an application demands stays; another one makes it removable', async (t) => {
  const page = await freshTab(t);
  if (page === null) return;
  await giveAuthenticator(page);
  await stage.startAt(page, 'payroll');
  await typePassword(page, 'erin');
  await setUpApp(stage, page, 'Phone');
  await arrivesAt(page, 'payroll');
  await page.goto(`${stage.url}/account`);
  await page.getByRole('link', { name: 'Change Phone' }).click();
  await page.getByText('It cannot be removed').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Remove' }).count(), 0);
  await page.goto(`${stage.url}/account/add/webauthn`);
  await page.getByRole('button', { name: 'Add a passkey or security key' }).click();
  await page.getByRole('button', { name: 'Continue with my device or key' }).click();
  await page.getByRole('link', { name: 'Change Phone' }).click();
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('status').getByText('It was removed').waitFor();
  assert.equal(await page.getByText('Phone').count(), 0);
});

for (const width of [1000, 360]) {
  test(`without JavaScript, ${width} pixels wide: an app, recovery codes, a new password`, async (t) => {
    const page = await freshTab(t, { javaScriptEnabled: false, viewport: { width, height: 740 } });
    if (page === null) return;
    const name = width === 360 ? 'grace' : 'carol';
    await page.goto(`${stage.url}/account`);
    assert.equal(await page.getByRole('button', { name: 'Sign in with a passkey' }).isVisible(), false);
    await typePassword(page, name);
    await page.getByRole('link', { name: 'Add an authenticator app' }).click();
    await setUpApp(stage, page, 'Phone');
    await page.getByRole('link', { name: 'Get recovery codes' }).click();
    await page.getByRole('button', { name: 'Get recovery codes' }).click();
    assert.equal(await page.locator('.codes li').count(), 10);
    await page.getByLabel('I have kept these codes').check();
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('You have 10 left').waitFor();
    await page.getByRole('link', { name: 'Change password' }).click();
    const password = 'nine badgers in a boat';
    await page.getByLabel('New password', { exact: true }).fill(password);
    await page.getByLabel('New password again').fill(password);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByRole('status').getByText('Your password was changed').waitFor();
    await page.goto(`${stage.url}/account/add/webauthn`);
    assert.equal(await title(page), 'Enter the code from your app');
  });
}

test('two tabs: the enrolment that was begun last counts; a page of before says what happened', async (t) => {
  const first = await freshTab(t);
  if (first === null) return;
  await signIn(stage, first, 'heidi');
  const second = await first.context().newPage();
  for (const tab of [first, second]) await tab.goto(`${stage.url}/account/add/totp`);
  await first.getByRole('button', { name: 'Add an authenticator app' }).click();
  const abandoned = ((await first.locator('code.secret').textContent()) ?? '').replaceAll(' ', '');
  await setUpApp(stage, second, 'Second tab');
  await second.getByText('Second tab').waitFor();
  await first.getByLabel(/^Then enter/).fill(codeOf(stage, abandoned));
  await first.getByRole('button', { name: 'Confirm' }).click();
  await first.getByText('That page is no longer in use').waitFor();
  assert.equal(await first.getByRole('link', { name: /^Change (?!password)/ }).count(), 1);
  await first.getByRole('button', { name: 'Sign out everywhere' }).click();
  await first.getByRole('heading', { name: 'You are signed out everywhere' }).waitFor();
  await second.reload();
  await second.getByLabel('User name').waitFor();
});

/** For the page's script, in which no time of ours passes. */
const TEN_MINUTES_LATER = '{ const now = Date.now; Date.now = () => now() + 600000; }';

test('pages with a passkey that were left open: no key is asked for in vain, and nothing typed is lost', async (t) => {
  const page = await freshTab(t);
  if (page === null) return;
  await page.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false');
  const { devtools, id } = await giveAuthenticator(page);
  const keys = async (): Promise<number> =>
    (await devtools.send('WebAuthn.getCredentials', { authenticatorId: id })).credentials.length;
  await signIn(stage, page, 'mallory');
  await page.goto(`${stage.url}/account/add/webauthn`);
  await page.getByRole('button', { name: 'Add a passkey or security key' }).click();
  await page.getByLabel('Name (optional)').fill('Läptop');
  await page.evaluate(TEN_MINUTES_LATER);
  await stage.later(400);
  await page.getByRole('button', { name: 'Continue with my device or key' }).click();
  await page.getByText('For your safety: please confirm that it is you').waitFor();
  assert.equal(await keys(), 0);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  assert.equal(await page.getByLabel('Name (optional)').inputValue(), 'Läptop');
  await page.getByRole('button', { name: 'Continue with my device or key' }).click();
  await page.getByText('Läptop').waitFor();
  assert.equal(await keys(), 1);

  await page.context().clearCookies();
  await stage.startAt(page, 'wiki');
  await page.getByLabel('User name').fill('mallory');
  await page.evaluate(TEN_MINUTES_LATER);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByRole('alert').getByText('was open for a long time').waitFor();
  assert.equal(await page.getByLabel('User name').inputValue(), 'mallory');
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await arrivesAt(page, 'wiki');
});

const LOOKS: readonly BrowserContextOptions[] = [
  { colorScheme: 'light', locale: 'en-GB', viewport: { width: 1280, height: 800 } },
  { colorScheme: 'dark', locale: 'de-DE', viewport: { width: 360, height: 740 } },
];

for (const [i, look] of LOOKS.entries()) {
  test(`axe has nothing to say, ${look.colorScheme}, ${look.locale}`, async (t) => {
    const page = await freshTab(t, look);
    if (page === null) return;
    await giveAuthenticator(page);
    const isGood = async (what: string): Promise<void> => {
      await page.getByRole('heading', { level: 1 }).waitFor();
      const { violations } = await new AxeBuilder({ page }).analyze();
      const found = violations.map((one) => `${what}: ${one.id}: ${one.nodes.map(({ html }) => html).join(' ')}`);
      assert.deepEqual(found, []);
      // Nothing to scroll sideways for (WCAG 1.4.10).
      assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true, what);
    };
    const submit = (value: string): Promise<void> => page.locator(`form:has(input[value="${value}"]) button`).click();
    const visit = async (path: string): Promise<void> => {
      await page.goto(`${stage.url}${path}`);
      await isGood(path);
    };
    await visit('/');
    await stage.startAt(page, 'payroll');
    await isGood('login');
    await page.locator('#username').fill(i === 0 ? 'ivan' : 'judy');
    await page.locator('#password').fill(PASSWORD);
    await page.locator('#password').press('Enter');
    await isGood('enrol at login');
    await submit('totp');
    await page.locator('code.secret').waitFor();
    await isGood('an app at login');
    const secret = ((await page.locator('code.secret').textContent()) ?? '').replaceAll(' ', '');
    await page.locator('#code').fill('000000');
    await submit('confirm');
    await page.getByRole('alert').waitFor();
    await isGood('an app at login, wrong');
    await page.locator('#code').fill(codeOf(stage, secret));
    await submit('confirm');
    await arrivesAt(page, 'payroll');
    for (const path of ['/', '/account', '/account/password', '/account/add/webauthn', '/account/add/totp'])
      await visit(path);
    await visit('/account/add/recovery-codes');
    await submit('begin');
    await page.locator('.codes').waitFor();
    await isGood('recovery codes');
    await page.locator('#kept').check();
    await submit('confirm');
    await page.getByRole('status').waitFor();
    await isGood('account, with everything');
    await page.locator('a[href^="/account/factor/"]').first().click();
    await isGood('one factor');
    await stage.later(301);
    await page.goto(`${stage.url}/account/password`);
    await isGood('the proof, asked again');
  });
}
