// Keys and passkeys from the configuration: whom they are for, whose make counts, and what is said of a bad setting.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readConfig } from '../../src/config/read-config.ts';
import { readCertificates } from '../../src/lib/certificates.ts';
import { ProblemsError } from '../../src/lib/problems.ts';
import { WEBAUTHN_FIELD } from '../../src/methods/webauthn-party.ts';
import { createWebauthn, type Webauthn } from '../../src/node/webauthn-factors.ts';
import { newStableSecret, parseStableSecret } from '../../src/sealer/stable-secret.ts';
import { add, anna, at, createWorld, fields, random, START } from '../methods/factor-person.ts';
import { AttestationRoot, FLAGS, SoftwareKey } from '../support/software-authenticator.ts';

const ALWAYS = { notBefore: new Date('2000-01-01'), notAfter: new Date('2100-01-01') };
const ROOT = await AttestationRoot.create(ALWAYS);
const OTHER = await AttestationRoot.create(ALWAYS, 'CN=Another Root');
const SECRET = parseStableSecret(Buffer.from(newStableSecret(random)));

function configured(t: TestContext, text = '', publicUrl = 'https://idp.example.org') {
  const folder = mkdtempSync(join(tmpdir(), 'signet-webauthn-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'roots.pem'), `Makers\n${OTHER.pem()}\n${ROOT.pem()}\n`);
  writeFileSync(join(folder, 'broken.pem'), ROOT.pem().replace('MI', 'AA'));
  writeFileSync(join(folder, 'signet.yaml'), `publicUrl: ${publicUrl}\nserviceName: Example\n${text}\n`);
  const config = readConfig(join(folder, 'signet.yaml'), {});
  const world = createWorld();
  const webauthn = createWebauthn(config, {
    credentials: world.store,
    spent: { spend: async () => 'first' },
    directory: { findById: async (id) => (id === anna.id ? anna : null) },
    stableSecret: SECRET,
    random,
  });
  return { webauthn, world };
}

/** Enrols a key of a maker under ROOT, and signs in with it alone. */
async function enrolAndSignIn({ enrolment, signIn }: Webauthn, world: ReturnType<typeof createWorld>) {
  const here = { origin: 'https://idp.example.org', rpId: 'idp.example.org' };
  const key = new SoftwareKey();
  const subject = { account: anna, enrolled: world.store.now(anna.id) };
  const begun = await enrolment.begin(subject, fields({}), at(START));
  if (begun.kind !== 'ready') assert.fail(begun.kind);
  const page = await enrolment.page(subject, { data: begun.pending, at: START });
  const { user } = page?.kind === 'webauthn' ? JSON.parse(page.options) : assert.fail();
  const maker = await ROOT.certify(ALWAYS);
  const json = key.register({ ...here, challenge: begun.pending.subarray(10) }, { fmt: 'packed', maker });
  const form = fields({ [WEBAUTHN_FIELD]: json });
  const pending = { data: begun.pending, at: START };
  await add(world, anna, await enrolment.confirm(subject, form, pending, at(START)));
  const data = signIn.begin();
  const answer = key.answer({
    ...here,
    challenge: data.subarray(1),
    flags: FLAGS.up | FLAGS.uv,
    userHandle: Buffer.from(user.id, 'base64url'),
  });
  return signIn.verify(fields({ [WEBAUTHN_FIELD]: answer }), { data, at: START }, at(START));
}

for (const [name, text, method] of [
  ['with the maker’s root', 'webauthn: { attestationRoots: [roots.pem] }', 'attested-key'],
  ['without roots', '', 'passkey'],
] as const) {
  test(`a key is enrolled and signs in alone, ${name}: ${method}`, async (t) => {
    const { webauthn, world } = configured(t, text);
    const outcome = await enrolAndSignIn(webauthn ?? assert.fail(), world);
    assert.equal(outcome.kind === 'proved' ? outcome.event.method : outcome.because, method);
  });
}

test('the handle that authenticators keep is the same on every node, and not the account id', async (t) => {
  const handleOn = async () => {
    const { webauthn } = configured(t);
    const pending = { data: Buffer.concat([Buffer.of(1), Buffer.alloc(41)]), at: START };
    const page = await webauthn?.enrolment.page({ account: anna, enrolled: { version: 0, credentials: [] } }, pending);
    return page?.kind === 'webauthn' ? JSON.parse(page.options).user.id : assert.fail();
  };
  const handle = await handleOn();
  assert.equal(await handleOn(), handle);
  assert.ok(!Buffer.from(handle, 'base64url').toString('latin1').includes(anna.id));
});

test('there are none when it is switched off, or where browsers refuse it', (t) => {
  assert.equal(configured(t, 'webauthn: { enabled: false }').webauthn, null);
  assert.equal(configured(t, '', 'http://127.0.0.1:8080').webauthn, null);
  assert.ok(configured(t, '', 'http://localhost:8080').webauthn !== null);
});

for (const file of ['missing.pem', 'broken.pem', 'signet.yaml']) {
  test(`a configuration error: roots in ${file}`, (t) => {
    assert.throws(
      () => configured(t, `webauthn: { attestationRoots: [roots.pem, ${file}] }`),
      (error) => error instanceof ProblemsError && /webauthn\.attestationRoots\[1\]/.test(error.message),
    );
  });
}

test('certificates are read from PEM, all or none', () => {
  assert.equal(readCertificates(`${ROOT.pem()}\n${OTHER.pem()}`)?.length, 2);
  for (const text of ['', 'nothing', ROOT.pem().replace('MI', 'AA')]) assert.equal(readCertificates(text), null);
});
