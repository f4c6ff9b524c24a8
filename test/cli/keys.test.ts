import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command } from 'commander';
import { CliFailure } from '../../src/cli/io.ts';
import { addKeysCommand } from '../../src/cli/keys.ts';
import { ProblemsError } from '../../src/lib/problems.ts';
import { formatKeyring, parseKeyring } from '../../src/sealer/keyring.ts';
import { KEY1, KEY2, keyOf, LONG, NOW, revoked, ringOf } from '../sealer/support.ts';

const REALM = 'https://idp.example.org';
const SECRET = Buffer.alloc(32, 0xa7);

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'signet-cli-keys-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

async function run(...args: readonly string[]): Promise<string> {
  let output = '';
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  addKeysCommand(program, {
    out: (text) => {
      output += text;
    },
    clock: () => NOW,
    random: (length) => SECRET.subarray(0, length),
    environment: {},
  });
  await program.parseAsync(['keys', ...args], { from: 'user' });
  return output;
}

test('init writes a ring that loads, and says its id, not its key', async (t) => {
  const path = join(folder(t), 'keys', 'sealer.json');
  const output = await run('init', '--realm', REALM, '--out', path);
  const ring = parseKeyring(readFileSync(path), { minSerial: 1, realm: REALM, now: NOW });
  assert.ok(output.includes(ring.keys[0]?.kid ?? 'no key'));
  for (const spelling of ['hex', 'base64url'] as const)
    assert.ok(!output.includes(SECRET.toString(spelling).slice(0, 8)));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(join(path, '..')).mode & 0o077, 0);
});

test('init refuses to overwrite, with exit status 2', async (t) => {
  const path = join(folder(t), 'sealer.json');
  await run('init', '--realm', REALM, '--out', path);
  const before = readFileSync(path);
  const again = run('init', '--realm', REALM, '--out', path);
  await assert.rejects(again, (error) => error instanceof CliFailure && error.exitCode === 2);
  assert.deepEqual(readFileSync(path), before);
});

for (const realm of ['', 'a\0b']) {
  test(`init refuses the realm ${JSON.stringify(realm)}`, async (t) => {
    await assert.rejects(run('init', '--realm', realm, '--out', join(folder(t), 'sealer.json')), ProblemsError);
  });
}

test('init needs a realm', async () => {
  await assert.rejects(run('init'), /--realm/);
});

const PENDING = keyOf(3, { ...LONG, created: NOW, activates: NOW + 60 });
const RING = ringOf([KEY1, KEY2, PENDING], { serial: 9, revoked: [revoked(KEY2.kid)] });

function written(t: TestContext, mode = 0o600): string {
  const path = join(folder(t), 'sealer.json');
  writeFileSync(path, formatKeyring(RING), { mode });
  return path;
}

const secrets = RING.keys.flatMap((key) => {
  const bytes = key.master.export();
  return [bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url')].map((text) => text.slice(0, 8));
});

test('list shows states and the key that seals, for people', async (t) => {
  const output = await run('list', '--file', written(t));
  const lineOf = (kid: string): string => output.split('\n').find((line) => line.startsWith(kid)) ?? '';
  assert.match(lineOf(KEY1.kid), / active .* seals$/);
  assert.match(lineOf(KEY2.kid), / revoked /);
  assert.match(lineOf(PENDING.kid), / pending /);
  assert.match(output, /serial 9/);
  for (const secret of secrets) assert.ok(!output.includes(secret));
});

test('list --json says the same for programs', async (t) => {
  const output = await run('list', '--json', '--file', written(t));
  const listing = JSON.parse(output) as { serial: number; primary: unknown; keys: Record<string, unknown>[] };
  assert.equal(listing.serial, 9);
  assert.deepEqual(listing.primary, { kid: KEY1.kid, because: 'due' });
  assert.deepEqual(
    listing.keys.map((key) => key.state),
    ['active', 'revoked', 'pending'],
  );
  assert.deepEqual(Object.keys(listing.keys[0] ?? {}), ['kid', 'state', 'created', 'activates', 'retires', 'expires']);
  for (const secret of secrets) assert.ok(!output.includes(secret));
});

test('list refuses a file that others may read, and one that is not there', async (t) => {
  const path = written(t, 0o644);
  await assert.rejects(run('list', '--file', path), ProblemsError);
  await assert.rejects(run('list', '--file', `${path}.other`), ProblemsError);
});

test('list finds the keyring through the configuration', async (t) => {
  const path = written(t);
  const config = join(path, '..', 'signet.yaml');
  writeFileSync(config, 'publicUrl: https://idp.example.org\nkeyring:\n  file: sealer.json\n');
  assert.match(await run('list', '--config', config), /serial 9/);
});
