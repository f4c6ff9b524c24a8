// signet signing-keys: what each verb does to a folder, what it says, when it refuses, what it asks of nodes.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runCli } from '../../src/cli/signet.ts';
import { newSigningKey, selfSignedCertificate } from '../../src/cli/signing-certificate.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { loadKeySet } from '../../src/signing/key-set-folder.ts';
import { privateKeyPem } from '../../src/signing/private-key-file.ts';
import { ed25519, folder, NOW, placeOf, VARIABLE } from '../signing/sets.ts';
import { makeIdpFolder } from '../support/idp-folder.ts';
import { rsaKey } from '../xml/keys.ts';

const DAY = 86_400;
const PUBLISHED_FOR = DAY + 3600 + 900;
const UNUSED_FOR = 300 + 60 + 900;
const random = systemRandom();

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface Idp {
  readonly path: string;
  readonly keys: string;
  readonly time: { now: number };
  readonly run: (verb: string, ...args: readonly string[]) => Promise<Run>;
  readonly check: () => Promise<Run>;
  readonly files: () => readonly string[];
  readonly states: () => string;
}

async function idp(t: TestContext, environment: Readonly<Record<string, string>> = {}): Promise<Idp> {
  const path = join(folder(t), 'idp');
  const time = { now: NOW };
  const call = async (...args: readonly string[]): Promise<Run> => {
    let [out, err] = ['', ''];
    const silent = { readStdin: async () => '', askSecret: async () => null };
    const code = await runCli(args, {
      ...silent,
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      clock: () => time.now,
      random,
      environment,
    });
    return { code, out, err };
  };
  await makeIdpFolder(path, { now: time.now });
  const keys = join(path, 'keys/saml-signing');
  return {
    path,
    keys,
    time,
    run: (verb, ...args) => call('signing-keys', verb, '--config', join(path, 'signet.yaml'), ...args),
    check: () => call('check', '--config', join(path, 'signet.yaml')),
    files: () => readdirSync(keys).sort(),
    states: () =>
      loadKeySet(placeOf(keys, environment[VARIABLE] ?? null))
        .keys.map(({ algorithm, state }) => `${algorithm} ${state}`)
        .join(', '),
  };
}

function done(run: Run): Run {
  assert.equal(run.code, 0, run.err);
  return run;
}

test('a rollover by command: published, promoted a day later, retired half an hour later', async (t) => {
  const { keys, time, run, files, states } = await idp(t);
  done(await run('publish-next'));
  assert.equal(states(), 'RS256 current, RS256 next');
  assert.equal(files().length, 4);
  for (const file of files())
    assert.equal(statSync(join(keys, file)).mode & 0o007, file === 'certificate.pem' ? 4 : 0, file);
  time.now += PUBLISHED_FOR - 1;
  const early = await run('promote');
  assert.equal(early.code, 2);
  assert.match(early.err, /^refused, too-early: .* 90900 s are wanted/);
  time.now += 1;
  done(await run('promote'));
  assert.equal(states(), 'RS256 current, RS256 retiring');
  time.now += UNUSED_FOR - 1;
  assert.match((await run('retire')).err, /^refused, too-early/);
  time.now += 1;
  done(await run('retire'));
  assert.equal(states(), 'RS256 current');
  assert.equal(files().length, 2);
  assert.ok(!existsSync(join(keys, 'key.pem')) && !existsSync(join(keys, 'certificate.pem')));
});

/** Each on a folder with one current and one next key. */
const refusals: readonly {
  readonly name: string;
  readonly args: readonly [string, ...string[]];
  readonly code: number;
  readonly says: RegExp;
}[] = [
  { name: 'a second next key', args: ['publish-next'], code: 2, says: /next-exists/ },
  {
    name: 'an algorithm that SAML has not',
    args: ['publish-next', '--algorithm', 'EdDSA'],
    code: 1,
    says: /saml cannot sign with EdDSA/,
  },
  {
    name: 'PSS, which parties of SAML do not know',
    args: ['publish-next', '--algorithm', 'PS256'],
    code: 1,
    says: /cannot sign with PS256/,
  },
  {
    name: 'an RSA key of 1024 bits',
    args: ['publish-next', '--bits', '1024'],
    code: 1,
    says: /Allowed choices are 2048, 3072/,
  },
  { name: 'keys of nobody', args: ['list', '--for', 'kerberos'], code: 1, says: /Allowed choices are saml/ },
  { name: 'promotion too early', args: ['promote'], code: 2, says: /too-early/ },
  { name: 'promotion of what is not next', args: ['promote', '--kid=nobody', '--force'], code: 2, says: /no-next/ },
  { name: 'retirement of nothing', args: ['retire', '--force'], code: 2, says: /nothing-to-retire/ },
  { name: 'retirement of an unknown key', args: ['retire', '--kid=nobody'], code: 2, says: /unknown-key/ },
  {
    name: 'another serial than expected',
    args: ['promote', '--force', '--expect-serial', '7'],
    code: 2,
    says: /refused, serial: .* serial 1, not 7/,
  },
  { name: 'a serial that is no number', args: ['promote', '--expect-serial', 'one'], code: 1, says: /whole number/ },
  {
    name: 'a file that is not there',
    args: ['publish-next', '--key', '/nowhere.pem'],
    code: 1,
    says: /nowhere\.pem: found no such file \(ENOENT\)/,
  },
];

test('refused, with nothing changed', async (t) => {
  const { keys, run } = await idp(t);
  done(await run('publish-next'));
  const before = readFileSync(join(keys, 'signing-keys.json'), 'utf8');
  for (const { name, args, code, says } of refusals) {
    const ran = await run(...args);
    assert.equal(ran.code, code, `${name}: ${ran.err}`);
    assert.match(ran.err, says, name);
    assert.equal(readFileSync(join(keys, 'signing-keys.json'), 'utf8'), before, name);
  }
  const current = loadKeySet(placeOf(keys)).current[0]?.kid;
  assert.match(
    (await run('retire', `--kid=${current}`, '--force')).err,
    /refused, current: .* promote its successor first/,
  );
});

test('a dry run says what would be, and writes nothing', async (t) => {
  const { run, files } = await idp(t);
  const before = files();
  assert.match(done(await run('publish-next', '--dry-run')).out, /serial 0 -> 1, not written/);
  assert.deepEqual(files(), before);
  done(await run('publish-next'));
  const { out } = done(await run('promote', '--force', '--dry-run', '--json'));
  const dry = JSON.parse(out) as { outcome: string; from: number; serial: number };
  assert.deepEqual([dry.outcome, dry.from, dry.serial], ['dry-run', 1, 2]);
  assert.match(done(await run('list')).out, /serial 1/);
});

test('the JSON of a refusal has its code, and the exit code stays', async (t) => {
  const { run } = await idp(t);
  const { code, out } = await run('promote', '--json');
  assert.equal(code, 2);
  assert.deepEqual(JSON.parse(out), { outcome: 'refused', code: 'no-next', detail: 'no key is next: publish one' });
});

test('no output holds a private key', async (t) => {
  const { keys, run, files } = await idp(t);
  const said = [
    await run('publish-next'),
    await run('list'),
    await run('list', '--json'),
    await run('list', '--pem'),
    await run('promote', '--force', '--json'),
  ];
  for (const file of files().filter((name) => name.endsWith('.pem') && name !== 'certificate.pem')) {
    const secret = readFileSync(join(keys, file), 'utf8').split('\n').slice(1, -2);
    for (const { out, err } of said) for (const line of secret) assert.ok(!`${out}${err}`.includes(line), file);
  }
});

test('list --pem has every certificate with its state', async (t) => {
  const { run } = await idp(t);
  done(await run('publish-next', '--algorithm', 'ES256'));
  const { out } = done(await run('list', '--pem'));
  assert.deepEqual(
    [...out.matchAll(/^(\w+) [\w-]{43}\n-----BEGIN CERTIFICATE-----$/gm)].map(([, state]) => state),
    ['current', 'next'],
  );
});

test('an EC key begins a line of its own beside the RSA key', async (t) => {
  const { run, states } = await idp(t);
  done(await run('publish-next', '--algorithm', 'ES256'));
  done(await run('promote', '--force'));
  assert.equal(states(), 'RS256 current, ES256 current');
});

test('--bits 3072', async (t) => {
  const { keys, run } = await idp(t);
  done(await run('publish-next', '--bits', '3072'));
  const next = loadKeySet(placeOf(keys)).keys.find(({ state }) => state === 'next');
  assert.equal(next?.publicKey.asymmetricKeyDetails?.modulusLength, 3072);
});

test('files of an authority are taken as they are, and refused when they do not belong together', async (t) => {
  const { path, keys, run } = await idp(t);
  const [own, other] = [await newSigningKey('RS256', 2048), await newSigningKey('RS256', 2048)];
  const certificate = await selfSignedCertificate(own, 'https://ca.example.org', NOW, random);
  const ended = await selfSignedCertificate(own, 'https://ca.example.org', NOW - 20 * 365 * DAY, random);
  const at = (name: string, text: string): string => {
    writeFileSync(join(path, name), text, { mode: 0o600 });
    return join(path, name);
  };
  const certificateFile = at('ca.crt', certificate);
  const weak = await rsaKey(1024);
  for (const [key, crt, says] of [
    [privateKeyPem(other, null), certificate, /is for another key/],
    [privateKeyPem(own, null), ended, /has ended/],
    [privateKeyPem(own, null), `${certificate}${certificate}`, /one certificate in PEM, and nothing else/],
    [privateKeyPem(own, null), 'nothing', /one certificate in PEM/],
    [privateKeyPem(ed25519(), null), certificate, /cannot sign with EdDSA/],
    [privateKeyPem(weak.privateKey, null), weak.certificatePem, /unusual kind/],
  ] as const) {
    const run1 = await run('publish-next', '--key', at('k.pem', key), '--certificate', at('c.pem', crt));
    assert.equal(run1.code, 1, run1.out);
    assert.match(run1.err, says);
  }
  done(await run('publish-next', '--key', at('k.pem', privateKeyPem(own, null)), '--certificate', certificateFile));
  const next = loadKeySet(placeOf(keys)).keys.find(({ state }) => state === 'next');
  assert.equal(next?.certificate?.base64, certificate.replace(/-----[A-Z ]+-----|\s/g, ''));
});

test('with a passphrase in the environment new keys are encrypted, and open with it only', async (t) => {
  const passphrase = 'violet-otter-77';
  const { keys, run, files } = await idp(t, { [VARIABLE]: passphrase });
  const ran = done(await run('publish-next'));
  const [file = ''] = files().filter((name) => name.startsWith('2026-'));
  assert.match(readFileSync(join(keys, file), 'utf8'), /^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
  done(await run('promote', '--force'));
  assert.ok(!`${ran.out}${ran.err}`.includes(passphrase));
  assert.throws(() => loadKeySet(placeOf(keys, 'another one')), /does not open/);
  assert.throws(() => loadKeySet(placeOf(keys, null)), /found an encrypted key/);
});

test('a passphrase in signet.yaml is refused, and not shown', async (t) => {
  const { path, run } = await idp(t);
  const config = join(path, 'signet.yaml');
  const text = readFileSync(config, 'utf8').replace(
    '    folder: keys/saml-signing\n',
    '$&    passphrase: violet-otter-77\n',
  );
  writeFileSync(config, text);
  const { code, err } = await run('list');
  assert.equal(code, 1);
  assert.match(
    err,
    /saml\.signing\.passphrase: found a secret in a file; wanted the environment variable SIGNET_SAML_SIGNING_PASSPHRASE/,
  );
  assert.ok(!err.includes('violet'));
});

test('a promotion without the private key is refused: no node would take it', async (t) => {
  const { keys, run, files } = await idp(t);
  done(await run('publish-next'));
  const [file = ''] = files().filter((name) => name.startsWith('2026-'));
  rmSync(join(keys, file));
  const { code, err } = await run('promote', '--force');
  assert.equal(code, 2);
  assert.match(err, /refused, cannot-sign: .*ENOENT/);
});

test('a private key stays as readable as the one that it comes beside', async (t) => {
  const { keys, run, files } = await idp(t);
  chmodSync(join(keys, 'key.pem'), 0o640);
  done(await run('publish-next'));
  const [file = ''] = files().filter((name) => name.startsWith('2026-'));
  assert.equal(statSync(join(keys, file)).mode & 0o777, 0o640);
});

async function nodeThatSays(t: TestContext, text: string): Promise<string> {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/signing-keys' ? 200 : 404;
    response.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('nodes that have other keys, or could not sign with the next, stop a promotion: exit 3, by name', async (t) => {
  const { keys, run } = await idp(t);
  done(await run('publish-next'));
  const { serial, digest, keys: listed } = loadKeySet(placeOf(keys));
  const shown = listed.map(({ kid, state }) => ({ kid, state, canSign: true }));
  const says = (fields: object) => JSON.stringify({ saml: { serial, digest, keys: shown, problems: [], ...fields } });
  const cannot = shown.map((key) => ({ ...key, canSign: key.state === 'current' }));
  for (const [answer, expect] of [
    [says({ serial: 0 }), /it has serial 0, the folder 1/],
    [says({ serial: 0, problems: [{}] }), /and refuses a newer one/],
    [says({ digest: 'other' }), /other keys with the same serial/],
    [says({ keys: cannot }), /cannot sign with the next key/],
    ['{}', /something else than its signing keys/],
    ['not json', /something else than its signing keys/],
    [JSON.stringify({ saml: { serial: 'x' } }), /something else/],
    // CWE-150: what a node says is shown on a terminal.
    [says({ keys: [{ kid: '\u001b[2J', state: 'next', canSign: false }] }), /something else/],
  ] as const) {
    const endpoint = await nodeThatSays(t, answer);
    for (const verb of ['verify', 'promote']) {
      const args = verb === 'promote' ? ['--force'] : [];
      const { code, err } = await run(verb, '--endpoints', endpoint, ...args);
      assert.equal(code, 3, err);
      assert.match(err, expect);
      assert.ok(err.includes(endpoint));
    }
  }
  const good = await nodeThatSays(t, says({}));
  assert.match(done(await run('verify', '--endpoints', good)).out, /agrees/);
  const silent = await run('verify', '--endpoints', `${good},127.0.0.1:1`);
  assert.equal(silent.code, 3);
  assert.match(silent.err, /1 of 2 nodes .*\n {2}127\.0\.0\.1:1: no answer: \S/);
  done(await run('promote', '--endpoints', good, '--force'));
});

test('two at once: one publishes, the other is told that there is a next one', async (t) => {
  const { run, states } = await idp(t);
  const codes = (await Promise.all([run('publish-next'), run('publish-next')])).map(({ code }) => code);
  assert.deepEqual(codes.sort(), [0, 2]);
  assert.equal(states(), 'RS256 current, RS256 next');
});

test('signet check speaks up 14 days before a certificate ends, and when a next key could not sign', async (t) => {
  const { path, keys, run, check } = await idp(t);
  const endsIn = async (days: number): Promise<readonly string[]> => {
    const key = await newSigningKey('RS256', 2048);
    const certificate = await selfSignedCertificate(key, 'https://x.example', NOW + (days - 3650) * DAY, random);
    writeFileSync(join(path, 'own.pem'), privateKeyPem(key, null), { mode: 0o600 });
    writeFileSync(join(path, 'own.crt'), certificate);
    return ['--key', join(path, 'own.pem'), '--certificate', join(path, 'own.crt')];
  };
  done(await run('publish-next', ...(await endsIn(15))));
  done(await check());
  done(await run('promote', '--force'));
  done(await check());
  done(await run('publish-next', ...(await endsIn(13))));
  const next = await check();
  assert.equal(next.code, 1);
  assert.match(next.err, /\(next\): found a certificate that ends .*signing-keys publish-next/);
  done(await run('promote', '--force'));
  assert.match((await check()).err, /\(current\): found a certificate that ends/);
  // Once it is retiring it signs no more: nobody needs to know of its end.
  done(await run('publish-next'));
  done(await run('promote', '--force'));
  done(await check());
  done(await run('publish-next'));
  const added = loadKeySet(placeOf(keys)).keys.find(({ state }) => state === 'next');
  rmSync(join(keys, added?.file ?? ''));
  const missing = await check();
  assert.equal(missing.code, 1);
  assert.match(missing.err, /\(next\).*ENOENT/);
});
