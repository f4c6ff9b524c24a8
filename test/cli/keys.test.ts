import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CliFailure } from '../../src/cli/io.ts';
import { ProblemsError } from '../../src/lib/problems.ts';
import { parseKeyring } from '../../src/sealer/keyring.ts';
import { KEY1, KEY2, keyOf, LONG, NOW, revoked, ringOf } from '../sealer/support.ts';
import { folder, ringFile, runKeys } from './keys-run.ts';

const REALM = 'https://idp.example.org';
const SECRET = Buffer.alloc(32, 0xa7);

/** What a command prints; its failures are thrown. */
async function run(...args: readonly string[]): Promise<string> {
  const { output, exitCode, failure } = await runKeys(args, { random: (length) => SECRET.subarray(0, length) });
  if (exitCode !== 0) throw new CliFailure(failure, exitCode);
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

test('init needs a configuration, or a realm', async () => {
  await assert.rejects(run('init'), /signet\.yaml: found no such file/);
});

const PENDING = keyOf(3, { ...LONG, created: NOW, activates: NOW + 60 });
const RING = ringOf([KEY1, KEY2, PENDING], { serial: 9, revoked: [revoked(KEY2.kid)] });

const written = (t: TestContext, mode = 0o600): string => ringFile(t, RING, mode);

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

test('init takes realm and place from the configuration', async (t) => {
  const dir = folder(t);
  const config = join(dir, 'signet.yaml');
  writeFileSync(config, 'publicUrl: https://idp.example.org\nkeyring:\n  file: here.json\nskew: 9\n');
  await run('init', '--config', config, '--every', '10d');
  const [key] = parseKeyring(readFileSync(join(dir, 'here.json')), {
    minSerial: 1,
    realm: 'https://idp.example.org/saml/idp/metadata',
  }).keys;
  assert.equal(key?.retires, NOW + 10 * 86_400 + 3600);
  assert.equal(key?.expires, (key?.retires ?? 0) + 90 * 86_400 + 9);
  await assert.rejects(run('init', '--config', config, '--realm', 'https://other.example'), /entityID/);
});

for (const { name, args, says } of [
  { name: 'a propagation that polling alone takes', args: ['--propagation', '70s'], says: /^propagation-too-short/ },
  { name: 'a cadence too quick for lineages', args: ['--every', '1h'], says: /^lineage-overflow/ },
  { name: 'keys that end before sessions', args: ['--longest-lifetime', '11h'], says: /^lifetime-too-short/ },
]) {
  test(`init refuses ${name}, with exit status 2`, async (t) => {
    const path = join(folder(t), 'sealer.json');
    const failed = await runKeys(['init', '--realm', REALM, '--file', path, ...args]);
    assert.equal(failed.exitCode, 2);
    assert.match(failed.failure, says);
    assert.throws(() => readFileSync(path));
  });
}

test('diff says what is different between two files, without keys', async (t) => {
  const [a, b] = [written(t), ringFile(t, ringOf([KEY1, PENDING], { serial: 10 }))];
  assert.equal(await run('diff', a, a), 'no difference\n');
  const output = await run('diff', a, b);
  assert.match(output, /^ {2}serial {2}9 -> 10$/m);
  assert.match(output, new RegExp(`^- key ${KEY2.kid}`, 'm'));
  const differences = JSON.parse(await run('diff', '--json', a, b)) as { what: string }[];
  assert.deepEqual(
    differences.map(({ what }) => what),
    ['serial', `key ${KEY2.kid}`, `revoked ${KEY2.kid}`],
  );
  for (const secret of secrets) assert.ok(!output.includes(secret));
  await assert.rejects(run('diff', a, `${b}.missing`), ProblemsError);
});
