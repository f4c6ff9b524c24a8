// `signet inspect` on what a person really has: session cookie, login cookie, transient NameID.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCli } from '../../src/cli/signet.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { NOW, type OneNode, startOneNode } from '../support/one-node.ts';
import { PersonBrowser, samlResponse } from '../support/person.ts';

let node: OneNode;
before(async () => {
  node = await startOneNode();
});
after(() => node.close());

async function inspect(input: string): Promise<{ readonly code: number; readonly text: string }> {
  const said: string[] = [];
  const say = (text: string): void => {
    said.push(text);
  };
  const config = join(node.config.folder, 'signet.yaml');
  const io = {
    out: say,
    err: say,
    readStdin: async () => `${input}\n`,
    askSecret: async () => null,
    clock: () => NOW + 5,
    random: systemRandom(),
    environment: {},
  };
  return { code: await runCli(['inspect', '--config', config], io), text: said.join('') };
}

test('a session cookie, by its value or with its name', async () => {
  const browser = new PersonBrowser();
  await browser.signIn(node);
  const value = browser.cookies.get('__Host-signet_sso') ?? '';
  for (const input of [value, `__Host-signet_sso=${value}`]) {
    const { code, text } = await inspect(input);
    assert.equal(code, 0, text);
    assert.match(text, /purpose +sso-session/);
    assert.match(text, /event +password at 2026/);
    assert.match(text, /NameID transient/);
    assert.ok(!text.includes(value));
  }
});

test('a login cookie with its name; not under another name', async () => {
  const browser = new PersonBrowser();
  await browser.start(node, { now: NOW });
  const [[name = '', value = ''] = []] = [...browser.cookies];
  const { code, text } = await inspect(`${name}=${value}`);
  assert.equal(code, 0, text);
  assert.match(text, /purpose +login-flow/);
  assert.match(text, /saml:https:\/\/sp\.example\.org\/metadata/);
  assert.equal((await inspect(`__Host-signet_f_AAAAAAAA=${value}`)).code, 1);
  assert.equal((await inspect(value)).code, 1);
});

test('a transient NameID leads to the session and the account', async () => {
  const browser = new PersonBrowser();
  const xml = samlResponse(await browser.signIn(node)) ?? '';
  const nameId = /<saml:NameID[^>]*>([^<]+)</.exec(xml)?.[1] ?? '';
  const { code, text } = await inspect(nameId);
  assert.equal(code, 0, text);
  assert.match(text, /purpose +saml-transient/);
  assert.match(text, /account +\S+/);
});

// CWE-150: the message is somebody else's, and a terminal obeys what stands in it.
test('a SAML message reaches the terminal without control characters', async () => {
  const xml = '<a>\u001b]0;title\u0007\u001b[2J\u009b31m\r\tend</a>';
  const message = Buffer.from(xml).toString('base64');
  for (const input of [message, `SAMLResponse=${encodeURIComponent(message)}`]) {
    const { code, text } = await inspect(input);
    assert.equal(code, 0, text);
    assert.match(text, /\tend/);
    assert.doesNotMatch(text, /[^\P{Cc}\t\n]/u);
  }
});

test('a SAML message with a broken escape is refused, not a fault', async () => {
  const { code, text } = await inspect('SAMLResponse=%E0%A4%A');
  assert.equal(code, 1);
  assert.doesNotMatch(text, /should not have happened/);
});
