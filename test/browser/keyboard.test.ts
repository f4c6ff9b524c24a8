// From signing in to signing out without a mouse: every stop of the Tab key is visible and in the order of the page, and
// after a mistake the keyboard is where it is mended (WCAG 2.2: 2.1.1, 2.1.2, 2.4.3, 2.4.7, 3.3.1).
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type AccountStage, codeOf, freshProfile, startAccountStage } from '../support/account-stage.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { PASSWORD } from '../support/one-node.ts';
import { requireTool } from '../support/tools.ts';

let stage: AccountStage;

before(async () => {
  if (requireTool({ skip: () => {} }, CHROMIUM)) stage = await startAccountStage();
});
after(() => stage?.close());

/** More than any page here has. */
const STOPS_MAX = 30;

/** Where the keyboard is. */
interface Stop {
  /** As it is announced, roughly: a label or a text. */
  readonly name: string;
  /** The texts that describe it. */
  readonly described: string;
  /** CSS pixels from the top of the document. */
  readonly top: number;
  readonly bottom: number;
  /** Whether somebody sees that the keyboard is here. */
  readonly ringed: boolean;
}

const READ_STOP = `(async () => {
  // What the key does may scroll the page, which is done at the next frame.
  await new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)));
  const at = document.activeElement;
  if (at === null || at === document.body || at === document.documentElement) return null;
  const text = (node) => node.textContent.replace(/\\s+/g, ' ').trim();
  const { top, bottom } = at.getBoundingClientRect();
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(at);
  return {
    name: at.getAttribute('aria-label') ?? text(at.labels?.[0] ?? at),
    described: (at.getAttribute('aria-describedby') ?? '').split(' ').map((id) => document.getElementById(id)).filter(Boolean).map(text).join(' '),
    top: top + scrollY,
    bottom: bottom + scrollY,
    ringed: outlineStyle === 'solid' && parseFloat(outlineWidth) >= 2 && !/, 0\\)$/.test(outlineColor) && top > -1 && bottom < innerHeight + 1,
  };
})()`;

const stopOf = (page: Page): Promise<Stop | null> => page.evaluate(READ_STOP);

/** The stop where the keyboard is; fails where it is nowhere, or nobody sees it. */
async function standsAt(page: Page, name: string | RegExp): Promise<Stop> {
  const stop = (await stopOf(page)) ?? assert.fail(`the keyboard is nowhere, not at ${name}`);
  if (typeof name === 'string') assert.equal(stop.name, name);
  else assert.match(stop.name, name);
  assert.ok(stop.ringed, `nobody sees that the keyboard is at ${stop.name}`);
  return stop;
}

/** Presses the key until the keyboard is at the stop of that name; answers the stops on the way, which follow the page. */
async function goTo(page: Page, name: string, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<readonly string[]> {
  const passed: Stop[] = [];
  while (passed.length < STOPS_MAX) {
    await page.keyboard.press(key);
    const stop = (await stopOf(page)) ?? assert.fail(`${key} leads out of the page, not to ${name}`);
    const before = passed.at(-1) ?? stop;
    assert.ok(stop.ringed, `nobody sees that the keyboard is at ${stop.name}`);
    // Beside each other counts as one line.
    const [upper, lower] = key === 'Tab' ? [before, stop] : [stop, before];
    assert.ok(lower.bottom > upper.top, `${key} from ${before.name} to ${stop.name} leads against the page`);
    passed.push(stop);
    if (stop.name === name) return passed.map((one) => one.name);
  }
  return assert.fail(`no ${name} among ${passed.map((one) => one.name).join(', ')}`);
}

async function isOn(page: Page, heading: string): Promise<void> {
  await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor();
}

async function press(page: Page, key: 'Enter' | 'Space', heading: string): Promise<void> {
  await page.keyboard.press(key);
  await isOn(page, heading);
}

/** Replaces what stands in the field where the keyboard is. */
async function type(page: Page, text: string): Promise<void> {
  await page.keyboard.press('Control+A');
  await page.keyboard.type(text);
}

/** On a page whose keyboard starts at the user name. */
async function typePassword(page: Page, name: string, then: string): Promise<void> {
  await standsAt(page, 'User name');
  await type(page, name);
  await goTo(page, 'Password');
  await type(page, PASSWORD);
  await press(page, 'Enter', then);
}

async function keyboardOnly(t: TestContext): Promise<Page | null> {
  if (!requireTool(t, CHROMIUM)) return null;
  const { context, stopped } = await freshProfile(stage, { locale: 'en-GB' });
  t.after(async () => {
    await context.close();
    assert.deepEqual(stopped(), []);
  });
  const page = await context.newPage();
  // What is pressed by mouse, finger or pen would not be this test.
  await page.addInitScript(`addEventListener('pointerdown', () => { throw new Error('a pointer') }, true)`);
  return page;
}

const SIX_DIGITS = 'Then enter the 6 digits that the app shows';

/** From the account's page; answers the app's secret. */
async function addApp(page: Page, label: string, { mistyped }: { readonly mistyped: boolean }): Promise<string> {
  await goTo(page, 'Add an authenticator app');
  await press(page, 'Enter', 'Set up an authenticator app');
  await goTo(page, 'Add an authenticator app');
  await page.keyboard.press('Space');
  const secret = ((await page.locator('code.secret').textContent()) ?? '').replaceAll(' ', '');
  await goTo(page, SIX_DIGITS);
  if (mistyped) {
    await type(page, '000000');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    assert.match((await standsAt(page, SIX_DIGITS)).described, /^There is a problem/);
  }
  await type(page, codeOf(stage, secret));
  assert.deepEqual(await goTo(page, 'Confirm'), ['Name (optional)', 'Confirm']);
  await goTo(page, 'Name (optional)', 'Shift+Tab');
  await type(page, label);
  await press(page, 'Enter', 'Your account');
  return secret;
}

test('signing in, an app, its code, recovery codes, another way, a name, its removal, signing out: all by keyboard', async (t) => {
  const page = await keyboardOnly(t);
  if (page === null) return;

  // A wrong password first: the keyboard is where it is typed again, and what is wrong is said there.
  await page.goto(`${stage.url}/sign-in`);
  await isOn(page, 'Sign in');
  await standsAt(page, 'User name');
  await type(page, 'alice');
  assert.deepEqual(await goTo(page, 'Sign in'), ['Password', 'Sign in']);
  await goTo(page, 'Password', 'Shift+Tab');
  await type(page, 'not the password');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  const wrong = await standsAt(page, 'Password');
  const said = ((await page.getByRole('alert').textContent()) ?? '').replaceAll(/\s+/g, ' ').trim();
  assert.equal(wrong.described, said);
  // From the message itself a link leads to the field.
  const sentence = await page.getByRole('alert').getByRole('link').textContent();
  await goTo(page, sentence ?? '', 'Shift+Tab');
  await page.keyboard.press('Enter');
  await standsAt(page, 'Password');
  await type(page, PASSWORD);
  await press(page, 'Enter', 'You are signed in');

  // The portal, the account, an app.
  assert.deepEqual(await goTo(page, 'Sign out'), ['wiki', 'Your account', 'Sign out']);
  await goTo(page, 'Your account', 'Shift+Tab');
  await press(page, 'Enter', 'Your account');
  const secret = await addApp(page, 'My phone', { mistyped: true });
  await standsAt(page, /^It was added/);

  // Recovery codes: a box is ticked with the space bar.
  await goTo(page, 'Get recovery codes');
  await press(page, 'Enter', 'Your recovery codes');
  await goTo(page, 'Get recovery codes');
  await page.keyboard.press('Space');
  await page.locator('.codes').waitFor();
  await goTo(page, 'I have kept these codes in a safe place');
  await page.keyboard.press('Space');
  await goTo(page, 'Confirm');
  await press(page, 'Space', 'Your account');

  // Signing out, and in again where a second step is asked for: the code; and another way.
  await goTo(page, 'Sign out');
  await press(page, 'Enter', 'Sign out?');
  await goTo(page, 'Sign out');
  await press(page, 'Enter', 'You are signed out');
  await stage.later(3600);
  await stage.startAt(page, 'payroll');
  await typePassword(page, 'alice', 'Enter the code from your app');
  await standsAt(page, 'Code');
  await type(page, '000000');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  assert.match((await standsAt(page, 'Code')).described, /^There is a problem/);
  const ways = await goTo(page, 'Use a recovery code');
  assert.equal(ways[0], 'Continue');
  await press(page, 'Space', 'Enter a recovery code');
  await standsAt(page, 'Recovery code');
  await goTo(page, 'Use your authenticator app');
  await press(page, 'Enter', 'Enter the code from your app');
  await standsAt(page, 'Code');
  await type(page, codeOf(stage, secret));
  await press(page, 'Enter', 'payroll: Success');

  // Renamed; and, since payroll demands one, removed when there is another.
  await page.goto(`${stage.url}/account`);
  await addApp(page, 'New phone', { mistyped: false });
  await goTo(page, 'Change My phone');
  await press(page, 'Enter', 'My phone');
  await goTo(page, 'Name (optional)');
  await type(page, 'Old phone');
  await press(page, 'Enter', 'Your account');
  await standsAt(page, 'The name was changed.');
  await goTo(page, 'Change Old phone');
  await press(page, 'Enter', 'Old phone');
  assert.deepEqual((await goTo(page, 'Back to your account')).at(-2), 'Remove');
  await goTo(page, 'Remove', 'Shift+Tab');
  await press(page, 'Space', 'Your account');
  await standsAt(page, /^It was removed/);

  // The portal's tile, and out.
  await goTo(page, 'Open an application');
  await press(page, 'Enter', 'You are signed in');
  await goTo(page, 'wiki');
  await press(page, 'Enter', 'wiki: Success');
  await page.goto(`${stage.url}/`);
  await goTo(page, 'Sign out');
  await press(page, 'Enter', 'Sign out?');
  await goTo(page, 'Sign out');
  await press(page, 'Space', 'You are signed out');
});
