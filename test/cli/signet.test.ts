// The command line from outside: what it prints, what it refuses, how it exits.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';

const SIGNET = join(import.meta.dirname, '../../src/cli/signet.ts');

function signet(args: readonly string[], input = '') {
  const run = spawnSync(process.execPath, [SIGNET, ...args], {
    input,
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

function initialised(directory = 'yaml'): { readonly folder: string; readonly config: string } {
  const folder = join(mkdtempSync(join(tmpdir(), 'signet-cli-')), 'idp');
  const { code, err } = signet(['init', folder, '--public-url', 'https://idp.example.org', '--directory', directory]);
  assert.equal(code, 0, err);
  return { folder, config: join(folder, 'signet.yaml') };
}

test('init writes a folder that check finds nothing wrong with; secrets are for their owner only', () => {
  const { folder, config } = initialised();
  for (const name of [
    'keys/sealer.json',
    'keys/data.json',
    'keys/pairwise.json',
    'keys/saml-signing/key.pem',
    'users.yaml',
    'revocations.yaml',
  ]) {
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  }
  assert.equal(statSync(join(folder, 'keys')).mode & 0o777, 0o700);
  const { code, out } = signet(['check', '--config', config]);
  assert.equal(code, 0);
  assert.match(out, /no problems/);
});

test('init never overwrites, and then writes nothing', () => {
  const { folder } = initialised();
  const before = readFileSync(join(folder, 'keys/sealer.json'), 'utf8');
  const { code, err } = signet(['init', folder]);
  assert.equal(code, 2);
  assert.match(err, /nothing was written/);
  assert.equal(readFileSync(join(folder, 'keys/sealer.json'), 'utf8'), before);
});

test('init refuses a public URL that could not be served', () => {
  for (const url of ['http://idp.example.org', 'idp.example.org', 'https://idp.example.org/sso', 'ftp://localhost']) {
    const folder = join(mkdtempSync(join(tmpdir(), 'signet-cli-')), 'idp');
    const { code, err } = signet(['init', folder, '--public-url', url]);
    assert.equal(code, 1, url);
    assert.match(err, /public-?url/i, url);
    assert.throws(() => statSync(join(folder, 'keys/sealer.json')), url);
  }
});

test('check tells every problem at once, with path, found and wanted', () => {
  const { folder, config } = initialised();
  chmodSync(join(folder, 'keys/sealer.json'), 0o644);
  writeFileSync(join(folder, 'users.yaml'), 'users: [{ loginName: a }]\n');
  writeFileSync(join(folder, 'keys/saml-signing/certificate.pem'), 'not a certificate');
  writeFileSync(join(folder, 'revocations.yaml'), 'entries: nothing\n');
  const { code, err } = signet(['check', '--config', config]);
  assert.equal(code, 1);
  for (const part of [/sealer\.json.*0644/, /users/, /certificate\.pem: found something else/, /revocations\.file/])
    assert.match(err, part);
});

const mismatches = [
  {
    name: 'another entityID than the keyring’s realm',
    edit: (text: string) =>
      text.replace('# entityId: https://idp.example.org/saml/idp/metadata', 'entityId: https://other.example.org'),
    expect: /realm/,
  },
  {
    name: 'another stable secret than the one confirmed',
    edit: (text: string) => text.replace(/fingerprint: "[0-9a-f]{16}"/, 'fingerprint: "0000000000000000"'),
    expect: /stableSecret\.fingerprint/,
  },
  {
    name: 'a keyring that was restored from before a revocation',
    edit: (text: string) => text.replace('# minSerial: 0', 'minSerial: 9'),
    expect: /serial/,
  },
  { name: 'a misspelt setting', edit: (text: string) => `${text}\nsesion: { idle: 60 }\n`, expect: /sesion.*session/ },
];
for (const row of mismatches) {
  test(`a configuration error: ${row.name}; the node does not start either`, () => {
    const { config } = initialised();
    const before = readFileSync(config, 'utf8');
    writeFileSync(config, row.edit(before));
    assert.notEqual(readFileSync(config, 'utf8'), before);
    for (const command of ['check', 'serve']) {
      const { code, err } = signet([command, '--config', config]);
      assert.equal(code, 1, command);
      assert.match(err, row.expect, command);
      assert.doesNotMatch(err, /\n\s+at /, command);
    }
  });
}

const keyOf = (folder: string): string =>
  JSON.parse(readFileSync(join(folder, 'keys/sealer.json'), 'utf8')).keys[0].key;

test('no command prints a key', () => {
  const { folder, config } = initialised();
  const secrets = [keyOf(folder), JSON.parse(readFileSync(join(folder, 'keys/pairwise.json'), 'utf8')).secret];
  for (const args of [
    ['check'],
    ['keys', 'list'],
    ['keys', 'list', '--json'],
    ['users', 'list'],
    ['parties', 'list'],
  ]) {
    const { out, err } = signet([...args, '--config', config]);
    for (const secret of secrets) assert.ok(!out.includes(secret) && !err.includes(secret), args.join(' '));
  }
});

test('sessions revoke writes entries that check reads; nonsense is refused', () => {
  const { folder, config } = initialised();
  signet(['users', 'add', 'alice', '--password-stdin', '--config', config], 'correct horse battery');
  assert.equal(signet(['sessions', 'revoke', '--user', 'ALICE', '--config', config]).code, 0);
  assert.equal(signet(['sessions', 'revoke', '--all', '--config', config]).code, 0);
  assert.equal(signet(['sessions', 'revoke', '--sid', 'AAAAAAAAAAAAAAAAAAAAAA', '--config', config]).code, 0);
  const text = readFileSync(join(folder, 'revocations.yaml'), 'utf8');
  assert.match(text, /account:/);
  assert.match(text, /all: true/);
  assert.match(text, /sid: AAAAAAAAAAAAAAAAAAAAAA/);
  assert.equal(signet(['check', '--config', config]).code, 0);
  for (const args of [[], ['--sid', 'short'], ['--user', 'nobody'], ['--all', '--user', 'alice']]) {
    assert.equal(signet(['sessions', 'revoke', ...args, '--config', config]).code, 1, args.join(' '));
  }
  assert.equal(readFileSync(join(folder, 'revocations.yaml'), 'utf8'), text);
});

const request =
  '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1"><ds:SignatureValue xmlns:ds="x">QUJDREVGR0hJSktMTU5PUFFS</ds:SignatureValue></samlp:AuthnRequest>';
const deflated = encodeURIComponent(deflateRawSync(request).toString('base64'));
const inspected = [
  { name: 'a redirect URL', input: `https://idp.example.org/saml/idp/sso?SAMLRequest=${deflated}&RelayState=x` },
  { name: 'a posted message', input: Buffer.from(request).toString('base64') },
];
for (const row of inspected) {
  test(`inspect explains ${row.name}, with its signature cut short`, () => {
    const { code, out } = signet(['inspect'], row.input);
    assert.equal(code, 0);
    assert.match(out, /AuthnRequest/);
    assert.ok(!out.includes('QUJDREVGR0hJSktMTU5PUFFS'));
  });
}

test('inspect says that a value cannot be opened, and repeats nothing of it', () => {
  const { config } = initialised();
  const token = `A${'b'.repeat(300)}`;
  const { code, out, err } = signet(['inspect', '--config', config], `__Host-signet_sso=${token}`);
  assert.equal(code, 1);
  assert.ok(!`${out}${err}`.includes('bbbbbbbb'));
});

test('an unknown command or option: help, and exit 1', () => {
  assert.equal(signet(['frobnicate']).code, 1);
  assert.equal(signet(['check', '--confg', 'x']).code, 1);
  assert.match(signet(['--help']).out, /Usage: signet/);
});
