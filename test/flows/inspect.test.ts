// `signet inspect` on what a person really has: session cookie, login cookie, transient NameID.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCli } from '../../src/cli/signet.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { encodePushed } from '../../src/sealed/par-body.ts';
import { oidcDpopNonce, oidcPar } from '../../src/sealer/purpose.ts';
import { createSealer } from '../../src/sealer/seal.ts';
import { runKeys } from '../cli/keys-run.ts';
import { APP, casPath, newTicket } from '../support/cas.ts';
import { NOW, type OneNode, startOneNode } from '../support/one-node.ts';
import { PersonBrowser, redirectPath, samlResponse } from '../support/person.ts';

let node: OneNode;
before(async () => {
  node = await startOneNode();
});
after(() => node.close());

interface Inspected {
  readonly code: number;
  readonly text: string;
}

async function inspect(input: string, args: readonly string[] = [], on = node, now = on.time.now): Promise<Inspected> {
  const said: string[] = [];
  const say = (text: string): void => {
    said.push(text);
  };
  const config = join(on.config.folder, 'signet.yaml');
  const io = {
    out: say,
    err: say,
    readStdin: async () => `${input}\n`,
    askSecret: async () => null,
    clock: () => now,
    random: systemRandom(),
    environment: {},
  };
  const code = await runCli(['inspect', '--config', config, ...args], io);
  const text = said.join('');
  const value = input.slice(input.indexOf('=') + 1);
  assert.ok(!text.includes(value.slice(0, 60)), 'the value is not echoed');
  for (const { master } of on.node.parts.keyring.current().keys) {
    for (const encoding of ['base64url', 'hex'] as const) assert.ok(!text.includes(master.export().toString(encoding)));
  }
  return { code, text };
}

async function sessionCookie(on = node): Promise<string> {
  const browser = new PersonBrowser();
  await browser.signIn(on);
  return browser.cookies.get('__Host-signet_sso') ?? '';
}

test('a session cookie, by its value or with its name: every field, by name and type', async () => {
  const value = await sessionCookie();
  for (const input of [value, `__Host-signet_sso=${value}`]) {
    const { code, text } = await inspect(input);
    assert.equal(code, 0, text);
    assert.match(text, /^purpose +sso-session$/m);
    assert.match(text, /^context +__Host-signet_sso$/m);
    assert.match(text, /^characters +\d+ of at most 3072$/m);
    assert.match(text, /^key +[0-9a-f]{16} active, seals now \(seals from 20.*Z\)$/m);
    assert.match(text, /^expires +2026-.*Z, and 60 s of tolerance$/m);
    assert.match(text, /^body +\d+ bytes, then \d+ of padding to a multiple of 64$/m);
    assert.match(text, /^1 +sid +bstr\(16\) +[\w-]{22}$/m);
    assert.match(text, /^2 +account +tstr\(\d+\) +"\S+"$/m);
    assert.match(text, /^3 +created +uint +2026-/m);
    assert.match(text, /^4 +events +array\(1\) +password at 2026-.*, credential "[\w-]+"$/m);
    assert.match(
      text,
      /^5 +participants +array\(1\) +[0-9a-f]{12} at .*, NameID transient, under the key [0-9a-f]{4}…$/m,
    );
    assert.match(text, /^lineage +none$/m);
    assert.match(text, /^refused +no$/m);
  }
});

test('the same as JSON', async () => {
  const value = await sessionCookie();
  const told = JSON.parse((await inspect(value, ['--json'])).text);
  const [{ kid } = { kid: '' }] = node.node.parts.keyring.current().keys;
  assert.deepEqual([told.purpose, told.schema, told.key.kid, told.key.state], ['sso-session', 1, kid, 'active']);
  assert.deepEqual([told.key.seals, told.tolerance, told.refused, told.lineage], [true, 60, null, []]);
  assert.deepEqual(
    told.fields.map((field: { name: string; type: string }) => [field.name, field.type]),
    [
      ['sid', 'bstr(16)'],
      ['account', `tstr(${told.fields[1].value.length - 2})`],
      ['created', 'uint'],
      ['events', 'array(1)'],
      ['participants', 'array(1)'],
    ],
  );
});

test('a login cookie with its name: the request, not what was typed nor what the application wants back', async () => {
  const browser = new PersonBrowser();
  const asked = { now: NOW, forceAuthn: true, relayState: 'the-relay-state' };
  const { answer, flowPath } = await browser.start(node, asked);
  await browser.login(node, flowPath ?? '', answer, 'a-password-by-mistake', 'wrong horse');
  const [[name = '', value = ''] = []] = [...browser.cookies];
  const { code, text } = await inspect(`${name}=${value}`);
  assert.equal(code, 0, text);
  assert.match(text, /^purpose +login-flow$/m);
  assert.match(text, /^3 +party +tstr\(\d+\) +"saml:https:\/\/sp\.example\.org\/metadata"$/m);
  assert.match(text, /^5\.3 +request +array\(2\) +"_request\d+"$/m);
  assert.match(text, /^5\.4 +relay state +tstr\(15\) +\(not shown\)$/m);
  assert.match(text, /^6 +flags +uint +forced$/m);
  assert.match(text, /^13 +failure +array\(1\) +wrong$/m);
  for (const hidden of ['inner id', 'typed name']) assert.match(text, new RegExp(`${hidden} +bstr.* \\(not shown\\)`));
  for (const secret of ['the-relay-state', 'a-password-by-mistake', 'wrong horse']) assert.ok(!text.includes(secret));
  assert.equal((await inspect(`__Host-signet_f_AAAAAAAA=${value}`)).code, 1);
  assert.equal((await inspect(value)).code, 1);
});

test('the cookie of a known browser: whose it is only as a digest', async () => {
  const browser = new PersonBrowser();
  await browser.signIn(node);
  const { code, text } = await inspect(`__Host-signet_device=${browser.cookies.get('__Host-signet_device')}`);
  assert.equal(code, 0, text);
  assert.match(text, /^purpose +device$/m);
  assert.match(text, /^1 +id +bstr\(16\) +[0-9a-f]{32}$/m);
  assert.match(text, /^2 +account digest +bstr\(16\) +[0-9a-f]{32}$/m);
});

test('a transient NameID leads to the session and the account', async () => {
  const browser = new PersonBrowser();
  const xml = samlResponse(await browser.signIn(node)) ?? '';
  const nameId = /<saml:NameID[^>]*>([^<]+)</.exec(xml)?.[1] ?? '';
  const { code, text } = await inspect(nameId);
  assert.equal(code, 0, text);
  assert.match(text, /^purpose +saml-transient$/m);
  assert.match(text, /^2 +account +tstr\(\d+\) +"\S+"$/m);
});

test('what OpenID Connect seals: by name and type, without what a client keeps to itself', async () => {
  const sealer = createSealer({
    ring: node.node.parts.keyring.current,
    reread: () => false,
    clock: () => NOW,
    random: systemRandom(),
    observe: () => {},
  });
  const body = encodePushed({ id: Buffer.alloc(16, 1), parameters: 'state=the-state', signed: true });
  const sealed = sealer.seal(oidcPar, { context: 'client-1', iat: NOW, exp: NOW + 60, body });
  assert.ok('token' in sealed);
  const { code, text } = await inspect(sealed.token, ['--purpose', 'oidc-par', '--context', 'client-1']);
  assert.equal(code, 0, text);
  assert.match(text, /^2 +parameters +tstr\(15\) +\(not shown\)$/m);
  assert.match(text, /^3 +signed +uint +1$/m);
  assert.ok(!text.includes('the-state'));
  const nonce = sealer.seal(oidcDpopNonce, { context: '', iat: NOW, exp: NOW + 60, body: Buffer.of(0xa0) });
  assert.ok('token' in nonce);
  const empty = await inspect(nonce.token, ['--purpose', 'oidc-dpop-nonce']);
  assert.match(empty.text, /^body +1 bytes/m);
  assert.equal(empty.code, 0, empty.text);
  assert.doesNotMatch(empty.text, /no body is specified/);
});

test('a CAS ticket as it stands in an address: what it is for, and nothing that redeems it', async () => {
  const own = await startOneNode({ services: [{ url: APP }] });
  try {
    const { code, text } = await inspect(await newTicket(own), [], own);
    assert.equal(code, 0, text);
    assert.match(text, /^purpose +cas-st$/m);
    assert.match(text, /^1 +id +bstr\(8\) +\(not shown\)$/m);
    assert.match(text, /^5 +proofs +array\(3\) +0 s and 0 s before it was issued, aal1$/m);
    assert.match(text, /^refused +no$/m);
    const browser = new PersonBrowser();
    await browser.get(own, casPath('login', { service: `${APP}?secret=s3cret` }));
    const [[name, value] = assert.fail()] = browser.cookies;
    const flow = await inspect(`${name}=${value}`, [], own);
    assert.match(flow.text, /^5\.2 +service +tstr\(\d+\) +\(not shown\)$/m);
    assert.ok(!flow.text.includes('s3cret'));
  } finally {
    await own.close();
  }
});

test('why it would be refused: what a node counts, in words; what it holds all the same', async (t) => {
  const value = await sessionCookie();
  const damaged = `${value.slice(0, 80)}${value[80] === 'A' ? 'B' : 'A'}${value.slice(81)}`;
  const rows = [
    { input: value, now: NOW + 3660, reason: 'expired', reads: true },
    { input: value, now: NOW - 61, reason: 'future', reads: true },
    { input: value, now: NOW + 200 * 86_400, reason: 'expired-kid', reads: true },
    { input: damaged, reason: 'tampered', reads: false },
    { input: `${value}A`, reason: 'not-canonical', reads: false },
    { input: value.slice(0, -4), reason: 'shape', reads: false },
    { input: `AUK1vLWxb_P-${value.slice(12)}`, reason: 'unknown-kid', reads: false },
    { input: value.repeat(20), reason: 'too-long', reads: false },
    { input: value, args: ['--purpose', 'oidc-code', '--context', 'client-1'], reason: 'tampered', reads: false },
  ];
  for (const { input, now = NOW, reason, reads, args = ['--purpose', 'sso-session'] } of rows) {
    await t.test(reason, async () => {
      const { code, text } = await inspect(input, args, node, now);
      assert.equal(code, reads ? 0 : 1, text);
      assert.match(text, new RegExp(`^refused +${reason}: \\w`, 'm'));
      assert.equal(/^1 +sid/m.test(text), reads, text);
      const told = JSON.parse((await inspect(input, [...args, '--json'], node, now)).text.replace(/^this does.*/m, ''));
      assert.equal(told.refused.reason, reason);
    });
  }
});

test('a value that descends from a revoked key, and one whose key is revoked', async (t) => {
  const lone = await startOneNode();
  t.after(() => lone.close());
  const keys = (now: number, ...args: readonly string[]) =>
    runKeys([...args, '--config', join(lone.config.folder, 'signet.yaml')], { now, random: systemRandom() });
  const browser = new PersonBrowser();
  await browser.signIn(lone);
  const old = browser.cookies.get('__Host-signet_sso') ?? '';
  const [{ kid } = { kid: '' }] = lone.node.parts.keyring.current().keys;
  assert.equal((await keys(NOW, 'rotate', '--activate-in', '15m')).exitCode, 0);
  lone.travelTo(NOW + 901);
  await browser.get(lone, redirectPath(lone, { now: NOW + 901 }));
  const descendant = browser.cookies.get('__Host-signet_sso') ?? '';
  assert.match((await inspect(descendant, [], lone)).text, new RegExp(`^lineage +${kid}\nrefused +no$`, 'm'));
  assert.match((await inspect(old, [], lone)).text, new RegExp(`^key +${kid} active \\(seals from`, 'm'));
  assert.equal((await keys(NOW + 901, 'revoke', '--kid', kid, '--reason', 'leak')).exitCode, 0);
  lone.travelTo(NOW + 902);
  const dead = await inspect(descendant, [], lone);
  assert.match(dead.text, new RegExp(`^refused +revoked-lineage: it descends from the revoked key ${kid}$`, 'm'));
  const gone = await inspect(old, ['--purpose', 'sso-session'], lone);
  assert.equal(gone.code, 1);
  assert.match(gone.text, new RegExp(`^key +${kid} revoked$`, 'm'));
  assert.match(gone.text, /^refused +revoked-kid: its key is revoked$/m);
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
