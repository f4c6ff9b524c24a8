// The command line from outside: what it prints, what it refuses, how it exits.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';

const SIGNET = join(import.meta.dirname, '../../src/cli/signet.ts');

/** What a command may know of this process: nothing that a setting could come from. */
const { PATH, NODE_COMPILE_CACHE } = process.env;

async function signet(args: readonly string[], input = '') {
  const env = { PATH, ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }) };
  const child = spawn(process.execPath, [SIGNET, ...args], { env });
  // A command that ends without reading its input closes it.
  child.stdin.on('error', () => {}).end(input);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code, out, err };
}

const base = mkdtempSync(join(tmpdir(), 'signet-cli-'));
after(() => rmSync(base, { recursive: true }));
let folders = 0;
/** A name in a new folder; nothing has it. */
const newName = (): string => join(mkdtempSync(join(base, `${folders++}-`)), 'idp');

async function init(folder: string): Promise<void> {
  const options = ['--public-url', 'https://idp.example.org', '--directory', 'yaml'];
  const { code, err } = await signet(['init', folder, ...options]);
  assert.equal(code, 0, err);
}

/** What init writes, made once: two RSA keys cost more than all else that a command does. */
let made: Promise<string> | null = null;

/** A copy of what init writes. */
async function initialised(): Promise<{ readonly folder: string; readonly config: string }> {
  made ??= (async () => {
    const first = newName();
    await init(first);
    return first;
  })();
  const folder = newName();
  cpSync(await made, folder, { recursive: true });
  return { folder, config: join(folder, 'signet.yaml') };
}

// Each command is a process of its own, on folders of its own.
describe('the command line', { concurrency: 2 }, () => {
  test('init writes a folder that check finds nothing wrong with; secrets are for their owner only', async () => {
    const folder = newName();
    const config = join(folder, 'signet.yaml');
    await init(folder);
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
    const { code, out } = await signet(['check', '--config', config]);
    assert.equal(code, 0);
    assert.match(out, /no problems/);
  });

  test('init never overwrites, and then writes nothing', async () => {
    const { folder } = await initialised();
    const before = readFileSync(join(folder, 'keys/sealer.json'), 'utf8');
    const { code, err } = await signet(['init', folder]);
    assert.equal(code, 2);
    assert.match(err, /nothing was written/);
    assert.equal(readFileSync(join(folder, 'keys/sealer.json'), 'utf8'), before);
  });

  test('init refuses a public URL that could not be served', async () => {
    for (const url of ['http://idp.example.org', 'idp.example.org', 'https://idp.example.org/sso', 'ftp://localhost']) {
      const folder = newName();
      const { code, err } = await signet(['init', folder, '--public-url', url]);
      assert.equal(code, 1, url);
      assert.match(err, /public-?url/i, url);
      assert.throws(() => statSync(join(folder, 'keys/sealer.json')), url);
    }
  });

  test('check tells every problem at once, with path, found and wanted', async () => {
    const { folder, config } = await initialised();
    chmodSync(join(folder, 'keys/sealer.json'), 0o644);
    writeFileSync(join(folder, 'users.yaml'), 'users: [{ loginName: a }]\n');
    writeFileSync(join(folder, 'keys/saml-signing/certificate.pem'), 'not a certificate');
    writeFileSync(join(folder, 'revocations.yaml'), 'entries: nothing\n');
    writeFileSync(join(folder, 'parties/wiki.client.json'), '{ "client_id": "wiki" }');
    const { code, err } = await signet(['check', '--config', config]);
    assert.equal(code, 1);
    for (const part of [
      /wiki\.client\.json: redirect_uris/,
      /sealer\.json.*0644/,
      /users/,
      /certificate\.pem: found something else/,
      /revocations\.file/,
    ])
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
    {
      name: 'a misspelt setting',
      edit: (text: string) => `${text}\nsesion: { idle: 60 }\n`,
      expect: /sesion.*session/,
    },
  ];
  for (const row of mismatches) {
    test(`a configuration error: ${row.name}; the node does not start either`, async () => {
      const { config } = await initialised();
      const before = readFileSync(config, 'utf8');
      writeFileSync(config, row.edit(before));
      assert.notEqual(readFileSync(config, 'utf8'), before);
      for (const command of ['check', 'serve']) {
        const { code, err } = await signet([command, '--config', config]);
        assert.equal(code, 1, command);
        assert.match(err, row.expect, command);
        assert.doesNotMatch(err, /\n\s+at /, command);
      }
    });
  }

  const keyOf = (folder: string): string =>
    JSON.parse(readFileSync(join(folder, 'keys/sealer.json'), 'utf8')).keys[0].key;

  test('no command prints a key', async () => {
    const { folder, config } = await initialised();
    const secrets = [keyOf(folder), JSON.parse(readFileSync(join(folder, 'keys/pairwise.json'), 'utf8')).secret];
    for (const args of [
      ['check'],
      ['keys', 'list'],
      ['keys', 'list', '--json'],
      ['users', 'list'],
      ['parties', 'list'],
    ]) {
      const { code, out, err } = await signet([...args, '--config', config]);
      assert.equal(code, 0, err);
      for (const secret of secrets) assert.ok(!out.includes(secret) && !err.includes(secret), args.join(' '));
    }
  });

  test('sessions revoke writes entries that check reads; nonsense is refused', async () => {
    const { folder, config } = await initialised();
    await signet(['users', 'add', 'alice', '--password-stdin', '--config', config], 'correct horse battery');
    assert.equal((await signet(['sessions', 'revoke', '--user', 'ALICE', '--config', config])).code, 0);
    assert.equal((await signet(['sessions', 'revoke', '--all', '--config', config])).code, 0);
    assert.equal((await signet(['sessions', 'revoke', '--sid', 'AAAAAAAAAAAAAAAAAAAAAA', '--config', config])).code, 0);
    const text = readFileSync(join(folder, 'revocations.yaml'), 'utf8');
    assert.match(text, /account:/);
    assert.match(text, /all: true/);
    assert.match(text, /sid: AAAAAAAAAAAAAAAAAAAAAA/);
    assert.equal((await signet(['check', '--config', config])).code, 0);
    for (const args of [[], ['--sid', 'short'], ['--user', 'nobody'], ['--all', '--user', 'alice']]) {
      assert.equal((await signet(['sessions', 'revoke', ...args, '--config', config])).code, 1, args.join(' '));
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
    test(`inspect explains ${row.name}, with its signature cut short`, async () => {
      const { code, out } = await signet(['inspect'], row.input);
      assert.equal(code, 0);
      assert.match(out, /AuthnRequest/);
      assert.ok(!out.includes('QUJDREVGR0hJSktMTU5PUFFS'));
    });
  }

  test('inspect says that a value cannot be opened, and repeats nothing of it', async () => {
    const { config } = await initialised();
    const token = `A${'b'.repeat(300)}`;
    const { code, out, err } = await signet(['inspect', '--config', config], `__Host-signet_sso=${token}`);
    assert.equal(code, 1);
    assert.ok(!`${out}${err}`.includes('bbbbbbbb'));
  });

  test('an unknown command or option: help, and exit 1', async () => {
    assert.equal((await signet(['frobnicate'])).code, 1);
    assert.equal((await signet(['check', '--confg', 'x'])).code, 1);
    assert.match((await signet(['--help'])).out, /Usage: signet/);
  });
});

// CWE-248, CWE-252: `signet … | head`. What is lost may have been shown once; what was done stays done.
for (const stream of ['stdout', 'stderr'] as const) {
  test(`whoever reads ${stream} ends: no stack trace, and no exit 0`, async () => {
    const { config } = await initialised();
    const ended = stream === 'stdout' ? ['keys', 'rotate'] : ['keys', 'prune', '--expect-serial', '99'];
    const child = spawn(process.execPath, [SIGNET, ...ended, '--config', config], {
      env: { PATH },
    });
    child[stream].destroy();
    const [other, [code]] = await Promise.all([
      text(stream === 'stdout' ? child.stderr : child.stdout),
      once(child, 'exit'),
    ]);
    assert.deepEqual([code, other], [stream === 'stdout' ? 1 : 2, '']);
    const listed = await signet(['keys', 'list', '--json', '--config', config]);
    assert.equal(JSON.parse(listed.out).serial, stream === 'stdout' ? 2 : 1);
  });
}
