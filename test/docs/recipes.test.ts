// The commands of docs/operations.md that replace a keyring are run as they stand there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type DataKeyring, dataPrimary, dataRing } from '../../src/sealer/data-keyring.ts';
import { type Keyring, parseKeyring, primary } from '../../src/sealer/keyring.ts';
import { documentNamed, PATH_WITH_SIGNET, testedBlock } from './documents.ts';

const ENTITY_ID = 'https://idp.example.org/saml/idp/metadata';

function bash(folder: string, script: string): string {
  const ended = spawnSync('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: PATH_WITH_SIGNET },
  });
  assert.equal(ended.status, 0, ended.stderr);
  return ended.stdout;
}

function ringIn(folder: string): Keyring {
  return parseKeyring(readFileSync(join(folder, 'keys/sealer.json')), { minSerial: 0, realm: ENTITY_ID });
}

/** Runs a recipe on a new keyring. */
function afterRecipe(t: TestContext, name: string): { readonly before: Keyring; readonly after: Keyring } {
  const folder = mkdtempSync(join(tmpdir(), 'signet-recipe-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'signet.yaml'), 'publicUrl: https://idp.example.org\n');
  bash(folder, 'signet keys init --config signet.yaml');
  const before = ringIn(folder);
  const listed = bash(folder, testedBlock(documentNamed('docs/operations.md'), name));
  assert.match(listed, /serial 2/);
  assert.equal(statSync(join(folder, 'keys/sealer.json')).mode & 0o777, 0o600);
  return { before, after: ringIn(folder) };
}

test('a new key beside the old one: the old one seals until every node has the new one, then the new one', (t) => {
  const { before, after } = afterRecipe(t, 'keyring-rotate');
  assert.equal(after.serial, before.serial + 1);
  const [old, added] = after.keys;
  if (old === undefined || added === undefined || after.keys.length !== 2) assert.fail('two keys were wanted');
  assert.equal(old.kid, before.keys[0]?.kid);
  // As it is in life: the old key has been everywhere for an hour.
  const { created, activates } = old;
  const ring = { ...after, keys: [{ ...old, created: created - 3600, activates: activates - 3600 }, added] };
  assert.equal(primary(ring, added.created + 3599)?.key.kid, old.kid);
  assert.equal(primary(ring, added.created + 3600)?.key.kid, added.kid);
  assert.equal(primary(ring, added.created + 3600)?.because, 'due');
});

test('a leak of the data keyring: a new key beside the old one, which goes on being read', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'signet-recipe-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'signet.yaml'), 'publicUrl: https://idp.example.org\n');
  bash(folder, 'signet data-keys init --config signet.yaml');
  const ring = (): DataKeyring => dataRing.parse(readFileSync(join(folder, 'keys/data.json')), { minSerial: 0 });
  const before = ring();
  const listed = bash(folder, testedBlock(documentNamed('docs/operations.md'), 'data-keyring-leak'));
  assert.match(listed, /serial 2/);
  const after = ring();
  assert.deepEqual([after.keys.length, after.keys[0]?.kid], [2, before.keys[0]?.kid]);
  assert.equal(dataPrimary(after, after.updated).key.kid, before.keys[0]?.kid);
  assert.equal(dataPrimary(after, after.updated + 3600).key.kid, after.keys[1]?.kid);
});

test('after a leak: only the new key, it seals at once, and the old ones are revoked', (t) => {
  const { before, after } = afterRecipe(t, 'keyring-leak');
  assert.equal(after.serial, before.serial + 1);
  assert.equal(after.keys.length, 1);
  assert.notEqual(after.keys[0]?.kid, before.keys[0]?.kid);
  assert.deepEqual(
    after.revoked.map(({ kid, reason }) => [kid, reason]),
    [[before.keys[0]?.kid, 'leak']],
  );
  assert.equal(primary(after, after.updated)?.key.kid, after.keys[0]?.kid);
});

/** Runs a recipe on a folder as `signet init` leaves it; answers what it printed, and where. */
function afterSigningRecipe(
  t: TestContext,
  name: string,
  set = 'saml-signing',
): { readonly listed: string; readonly keys: string } {
  const folder = mkdtempSync(join(tmpdir(), 'signet-recipe-'));
  t.after(() => rmSync(folder, { recursive: true }));
  bash(folder, 'signet init idp --public-url https://idp.example.org');
  const idp = join(folder, 'idp');
  return {
    listed: bash(idp, testedBlock(documentNamed('docs/operations.md'), name)),
    keys: join(idp, 'keys', set),
  };
}

test('a next signing key is published, and does not sign', (t) => {
  const { listed, keys } = afterSigningRecipe(t, 'signing-publish');
  const states = /\n\nkid[^\n]*\n(.*)$/s.exec(listed.slice(listed.lastIndexOf('saml signing keys')))?.[1] ?? '';
  assert.match(states, /RS256 +current .* key\.pem +signs\n.*RS256 +next .* may be promoted from /);
  assert.equal(readdirSync(keys).length, 4);
});

test('after a leak of the signing key only the new one is left', (t) => {
  const { listed, keys } = afterSigningRecipe(t, 'signing-leak');
  assert.match(listed, /serial 3\n\nkid[^\n]*\n[^\n]*RS256 +current [^\n]*signs\n$/);
  assert.equal(readdirSync(keys).length, 2);
  assert.ok(!readdirSync(keys).includes('key.pem'));
});

test('after a leak of the OpenID Connect signing keys only new ones are left, one for each algorithm', (t) => {
  const { listed, keys } = afterSigningRecipe(t, 'oidc-signing-leak', 'oidc-signing');
  const states = /\n\nkid[^\n]*\n(.*)$/s.exec(listed.slice(listed.lastIndexOf('oidc signing keys')))?.[1] ?? '';
  const rows = states
    .trim()
    .split('\n')
    .map((row) => /(RS256|ES256) +(\w+)/.exec(row)?.slice(1, 3).join(' '));
  assert.deepEqual(rows.sort(), ['ES256 current', 'RS256 current'], listed);
  assert.equal(readdirSync(keys).length, 3);
});
