// `signet data-keys`: what it writes, says and refuses; a whole change of key with secrets stored under the old one.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { Command } from 'commander';
import { addDataKeysCommand } from '../../src/cli/data-keys.ts';
import { CliFailure } from '../../src/cli/io.ts';
import { runCli } from '../../src/cli/signet.ts';
import { type ReencryptableSecrets, type StoredSecret, secretContext } from '../../src/core/secrets-at-rest.ts';
import { ProblemsError } from '../../src/lib/problems.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { type DataKeyring, dataKey, dataPrimary, dataRing } from '../../src/sealer/data-keyring.ts';
import { reportRing } from '../../src/sealer/ring-report.ts';
import { dataKeyOf, dataRingOf, REALM, testCipher } from '../sealer/data-support.ts';
import { NOW } from '../sealer/support.ts';
import { memorySecrets } from '../support/memory-secrets.ts';

const HOUR = 3600;
const SECRET = new Uint8Array(Buffer.from('12345678901234567890'));

interface Place {
  readonly config: string;
  readonly file: string;
}

function place(t: TestContext, ring: DataKeyring | null, more = ''): Place {
  const folder = mkdtempSync(join(tmpdir(), 'signet-data-keys-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const config = join(folder, 'signet.yaml');
  writeFileSync(config, `publicUrl: https://idp.example.org\ndataKeyring:\n  file: data.json\n${more}`);
  const file = join(folder, 'data.json');
  if (ring !== null) writeFileSync(file, dataRing.format(ring), { mode: 0o600 });
  return { config, file };
}

const ringIn = ({ file }: Place): DataKeyring => dataRing.parse(readFileSync(file), { minSerial: 0 });

interface Run {
  readonly output: string;
  readonly exitCode: number;
  readonly failure: string;
}

async function run(
  args: readonly string[],
  parts: { readonly now?: number; readonly secrets?: ReencryptableSecrets | null } = {},
): Promise<Run> {
  let output = '';
  let draws = 0;
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  const io = {
    out: (text: string) => {
      output += text;
    },
    clock: () => parts.now ?? NOW,
    random: (length: number) => Buffer.alloc(length, 0xa7 + draws++),
    environment: {},
  };
  addDataKeysCommand(program, io, (_config, work) => work(parts.secrets ?? null));
  for (const command of program.commands.flatMap((keys) => [keys, ...keys.commands])) {
    command.exitOverride().configureOutput({ writeErr: () => {} });
  }
  try {
    await program.parseAsync(['data-keys', ...args], { from: 'user' });
    return { output, exitCode: 0, failure: '' };
  } catch (error) {
    if (error instanceof CliFailure) return { output, exitCode: error.exitCode, failure: error.message };
    throw error;
  }
}

function assertNoKeys(output: string, ...rings: readonly DataKeyring[]): void {
  for (const { master } of rings.flatMap(({ keys }) => keys)) {
    const bytes = master.export();
    for (const text of [bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url')])
      assert.ok(!output.includes(text.slice(0, 8)));
  }
}

const OLD = dataKeyOf(1, NOW - 3_000_000);
const CURRENT = dataKeyOf(2, NOW - 1_000_000);
const WAITING = dataKey(Buffer.alloc(32, 3), { created: NOW - 2000, activates: NOW + HOUR });
const TWO = dataRingOf([OLD, CURRENT], { serial: 7 });

function row(i: number, ring: DataKeyring): StoredSecret {
  const base = { place: `${i}`, accountId: `account-${i}`, credentialId: `cred${i}`, field: 'totp-secret' as const };
  const context = secretContext(base.accountId, base.credentialId, base.field);
  return { ...base, text: testCipher(ring).cipher.encrypt(context, SECRET) };
}

test('init makes a ring for its owner only, never over one', async (t) => {
  const at = place(t, null);
  const { output, exitCode } = await run(['init', '--config', at.config]);
  assert.equal(exitCode, 0);
  const ring = ringIn(at);
  assert.equal(ring.realm, 'https://idp.example.org/saml/idp/metadata');
  assert.equal(statSync(at.file).mode & 0o777, 0o600);
  assert.ok(output.includes(ring.keys[0]?.kid ?? 'no key'));
  assertNoKeys(output, ring);
  const before = readFileSync(at.file);
  const again = await run(['init', '--config', at.config]);
  assert.equal(again.exitCode, 2);
  assert.match(again.failure, /enrolled would be lost/);
  assert.deepEqual(readFileSync(at.file), before);
});

test('init needs a configuration, or a realm', async () => {
  await assert.rejects(run(['init', '--file', 'x.json']), /signet\.yaml: found no such file/);
});

for (const { name, args, exit, says } of [
  {
    name: 'with a propagation that polling alone takes',
    args: ['--realm', REALM, '--propagation', '70s'],
    exit: 2,
    says: /^propagation-too-short/,
  },
]) {
  test(`init is refused ${name}`, async () => {
    const failed = await run(['init', ...args]);
    assert.equal(failed.exitCode, exit);
    assert.match(failed.failure, says);
  });
}

for (const { verb, ring, args, secrets, says } of [
  {
    verb: 'rotate',
    ring: dataRingOf([OLD], { serial: 7 }),
    args: [],
    secrets: null,
    says: /begins at|every node must have/,
  },
  {
    verb: 'promote',
    ring: dataRingOf([CURRENT, WAITING], { serial: 7 }),
    args: ['--kid', WAITING.kid],
    secrets: null,
    says: new RegExp(`key ${WAITING.kid} activates`),
  },
  { verb: 'prune', ring: TWO, args: [], secrets: memorySecrets([row(1, TWO)]), says: new RegExp(`- key ${OLD.kid}`) },
]) {
  test(`${verb} writes the next serial with the same permissions, and says what changed, not keys`, async (t) => {
    const at = place(t, ring);
    chmodSync(at.file, 0o640);
    const { output, exitCode, failure } = await run([verb, '--config', at.config, ...args], { secrets });
    assert.equal(exitCode, 0, failure);
    const after = ringIn(at);
    assert.equal(after.serial, 8);
    assert.equal(statSync(at.file).mode & 0o777, 0o640);
    assert.deepEqual(readdirSync(join(at.file, '..')).sort(), ['data.json', 'signet.yaml']);
    assert.match(output, /serial 7 -> 8/);
    assert.match(output, says);
    assertNoKeys(output, ring, after);
  });

  test(`${verb} --dry-run --json says the same and writes nothing; another serial is refused`, async (t) => {
    const at = place(t, ring);
    const before = readFileSync(at.file);
    const dry = await run([verb, '--config', at.config, ...args, '--dry-run', '--json'], { secrets });
    const said = JSON.parse(dry.output) as { outcome: string; serial: number; differences: unknown[] };
    assert.deepEqual([said.outcome, said.serial, said.differences.length > 0], ['dry-run', 8, true]);
    const other = await run([verb, '--config', at.config, ...args, '--expect-serial', '6'], { secrets });
    assert.deepEqual([other.exitCode, /serial 7, not 6/.test(other.failure)], [2, true]);
    assert.deepEqual(readFileSync(at.file), before);
  });
}

const stillUsed = memorySecrets([row(1, dataRingOf([OLD])), row(2, TWO)]);
for (const { name, verb, ring, args, parts, exit, says } of [
  {
    name: 'prune while a secret is under an old key',
    verb: 'prune',
    ring: TWO,
    args: [],
    parts: { secrets: stillUsed },
    exit: 2,
    says: new RegExp(`still-in-use: .*1 under key ${OLD.kid}.*data-keys reencrypt`),
  },
  { name: 'prune without a database', verb: 'prune', ring: TWO, args: [], parts: {}, exit: 2, says: /not-counted/ },
  {
    name: 'promote of a young key',
    verb: 'promote',
    ring: dataRingOf([OLD, { ...WAITING, created: NOW - 899 }]),
    args: ['--kid', WAITING.kid],
    parts: {},
    exit: 2,
    says: /not-everywhere-yet/,
  },
  {
    name: 'promote of a key that is not there',
    verb: 'promote',
    ring: TWO,
    args: ['--kid', '0000000000000000'],
    parts: {},
    exit: 2,
    says: /unknown-kid/,
  },
  {
    name: 'rotate with too short a notice',
    verb: 'rotate',
    ring: TWO,
    args: ['--activate-in', '10m'],
    parts: {},
    exit: 2,
    says: /activates-too-soon/,
  },
  {
    name: 'reencrypt without a database',
    verb: 'reencrypt',
    ring: TWO,
    args: [],
    parts: {},
    exit: 1,
    says: /no database/,
  },
]) {
  test(`refused: ${name}`, async (t) => {
    const at = place(t, ring);
    const before = readFileSync(at.file);
    const failed = await run([verb, '--config', at.config, ...args], parts);
    assert.equal(failed.exitCode, exit, failed.output);
    assert.match(failed.failure, says);
    assert.deepEqual(readFileSync(at.file), before);
  });
}

test('with only a file nothing can be counted, so nothing is pruned', async (t) => {
  const at = place(t, TWO);
  const failed = await run(['prune', '--file', at.file], { secrets: memorySecrets([]) });
  assert.equal(failed.exitCode, 2);
  assert.match(failed.failure, /not-counted/);
});

test('no verb changes an old copy, or takes the sealer’s keyring for this one', async (t) => {
  const at = place(t, TWO, '  minSerial: 8\n');
  const failed = await run(['rotate', '--config', at.config]);
  assert.deepEqual([failed.exitCode, /below dataKeyring\.minSerial 8/.test(failed.failure)], [2, true]);
  const sealer = join(at.file, '..', 'sealer.json');
  writeFileSync(sealer, dataRing.format(TWO).replace('signet-data-keyring/1', 'signet-keyring/1'), { mode: 0o600 });
  for (const verb of ['rotate', 'list'])
    await assert.rejects(run([verb, '--file', sealer]), (error) => error instanceof ProblemsError);
});

test('there is no revoke: it would destroy what people have enrolled', async () => {
  await assert.rejects(run(['revoke', '--all', '--reason', 'x']), /unknown command/);
});

test('list counts what is under each key, also under none', async (t) => {
  const at = place(t, TWO);
  const lost = row(3, dataRingOf([dataKeyOf(9)]));
  const secrets = memorySecrets([row(1, TWO), row(2, TWO), lost]);
  const table = await run(['list', '--config', at.config], { secrets });
  assert.match(table.output, new RegExp(`${OLD.kid} +decrypt-only .* 0$`, 'm'));
  assert.match(table.output, new RegExp(`${CURRENT.kid} +active .* 2$`, 'm'));
  assert.match(table.output, /^1 secrets are under a key that this ring does not have$/m);
  const { keys, unreadable, primary } = JSON.parse(
    (await run(['list', '--config', at.config, '--json'], { secrets })).output,
  );
  assert.deepEqual([keys[1].secrets, unreadable, primary.kid], [2, 1, CURRENT.kid]);
  const unknown = await run(['list', '--file', at.file]);
  assert.match(unknown.output, new RegExp(`${CURRENT.kid} +active .* \\?$`, 'm'));
  assertNoKeys(table.output + unknown.output, TWO);
});

test('reencrypt moves every secret, says how far it is, and then prune goes through', async (t) => {
  const at = place(t, TWO);
  const secrets = memorySecrets([1, 2, 3, 4, 5].map((i) => row(i, dataRingOf([OLD]))));
  const dry = await run(['reencrypt', '--config', at.config, '--dry-run', '--json'], { secrets });
  assert.partialDeepStrictEqual(JSON.parse(dry.output), { outcome: 'dry-run', reencrypted: 5, left: 5 });
  assert.equal((await run(['prune', '--config', at.config], { secrets })).exitCode, 2);
  const { output, exitCode } = await run(['reencrypt', '--config', at.config, '--batch', '2'], { secrets });
  assert.equal(exitCode, 0);
  assert.match(output, /^2 encrypted anew\n4 encrypted anew\n5 encrypted anew\n/);
  assert.match(output, new RegExp(`key ${CURRENT.kid}: 5 secrets encrypted anew, 0 left under other keys`));
  assert.equal((await run(['prune', '--config', at.config], { secrets })).exitCode, 0);
  const after = testCipher(ringIn(at)).cipher;
  for (const { accountId, credentialId, text } of secrets.rows.values())
    assert.deepEqual(after.decrypt(secretContext(accountId, credentialId, 'totp-secret'), text), SECRET);
});

for (const { name, secrets, says } of [
  {
    name: 'a secret is under no key of the ring',
    secrets: () => memorySecrets([row(1, TWO), row(2, dataRingOf([dataKeyOf(9)]))]),
    says: /^1 secrets are under no key of this ring/,
  },
  {
    name: 'a node goes on writing under the old key',
    secrets: () => {
      const store = memorySecrets([row(1, dataRingOf([OLD]))], {
        beforeReplace: () => store.rows.set('0', row(0, dataRingOf([OLD]))),
      });
      return store;
    },
    says: /^1 secrets are under other keys.*run it again/,
  },
]) {
  test(`reencrypt ends with 1, so that a job is seen to fail: ${name}`, async (t) => {
    const at = place(t, TWO);
    const failed = await run(['reencrypt', '--config', at.config], { secrets: secrets() });
    assert.equal(failed.exitCode, 1);
    assert.match(failed.failure, says);
  });
}

test('reencrypt with --json prints one JSON text', async (t) => {
  const at = place(t, TWO);
  const secrets = memorySecrets([row(1, dataRingOf([OLD]))]);
  const { output } = await run(['reencrypt', '--config', at.config, '--json'], { secrets });
  assert.deepEqual(JSON.parse(output), {
    outcome: 'reencrypted',
    primary: CURRENT.kid,
    reencrypted: 1,
    changedMeanwhile: 0,
    unreadable: 0,
    left: 0,
  });
});

async function node(t: TestContext, ring: DataKeyring): Promise<string> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://node');
    if (url.pathname !== '/data-keyring') return response.writeHead(404).end();
    return response.end(
      reportRing(dataRing, ring, { node: 'n1', now: NOW, nonce: url.searchParams.get('nonce') ?? '' }),
    );
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('verify asks nodes for their data ring; prune and promote wait for every node when they are named', async (t) => {
  const at = place(t, TWO);
  const [good, behind] = [await node(t, TWO), await node(t, dataRingOf([OLD], { serial: 6 }))];
  assert.equal((await run(['verify', '--config', at.config, '--endpoints', good])).exitCode, 0);
  const secrets = memorySecrets([]);
  for (const args of [['verify'], ['prune'], ['promote', '--kid', WAITING.kid]]) {
    const failed = await run([...args, '--config', at.config, '--endpoints', `${good},${behind}`], { secrets });
    assert.equal(failed.exitCode, 3, args.join(' '));
    assert.match(failed.failure, /holds serial 6, the file has 7/);
  }
  assert.equal(ringIn(at).serial, 7);
  assert.equal((await run(['prune', '--config', at.config, '--endpoints', good], { secrets })).exitCode, 0);
});

test('diff names what is different between two files', async (t) => {
  const [a, b] = [place(t, TWO).file, place(t, dataRingOf([CURRENT], { serial: 8 })).file];
  const { output } = await run(['diff', a, b]);
  assert.match(output, /^ {2}serial {2}7 -> 8$/m);
  assert.match(output, new RegExp(`^- key ${OLD.kid} {2}created \\S+ {2}activates \\S+$`, 'm'));
  assertNoKeys(output, TWO);
});

test('a leak of the sealer’s keyring ends every session and no enrolment', async (t) => {
  const folder = join(mkdtempSync(join(tmpdir(), 'signet-data-leak-')), 'idp');
  t.after(() => rmSync(join(folder, '..'), { recursive: true }));
  const told: string[] = [];
  const io = {
    out: (text: string) => void told.push(text),
    err: (text: string) => void told.push(text),
    readStdin: async () => '',
    askSecret: async () => null,
    clock: () => NOW,
    random: systemRandom(),
    environment: {},
  };
  assert.equal(await runCli(['init', folder, '--public-url', 'https://idp.example.org'], io), 0, told.join(''));
  const config = join(folder, 'signet.yaml');
  const file = join(folder, 'keys/data.json');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const before = readFileSync(file);
  const ring = ringIn({ config, file });
  const text = testCipher(ring).cipher.encrypt('a context', SECRET);
  const sealer = readFileSync(join(folder, 'keys/sealer.json'));
  for (const args of [
    ['revoke', '--all', '--replace', '--reason', 'leak'],
    ['rotate', '--activate-in', '1h'],
    ['prune'],
  ])
    assert.equal(await runCli(['keys', ...args, '--config', config], io), 0, told.join(''));
  assert.notDeepEqual(readFileSync(join(folder, 'keys/sealer.json')), sealer);
  assert.deepEqual(readFileSync(file), before);
  assert.deepEqual(testCipher(ringIn({ config, file })).cipher.decrypt('a context', text), SECRET);
  assert.equal(dataPrimary(ringIn({ config, file }), NOW).key.kid, ring.keys[0]?.kid);
});

test('with a real database: list, reencrypt and prune reach it; one that is down ends with 1 and no stack', async (t) => {
  const folder = join(mkdtempSync(join(tmpdir(), 'signet-data-sql-')), 'idp');
  t.after(() => rmSync(join(folder, '..'), { recursive: true }));
  let told = '';
  let now = NOW;
  const signet = async (args: readonly string[], url = 'sqlite:signet.db'): Promise<number> => {
    told = '';
    const tell = (text: string): void => {
      told += text;
    };
    return runCli(args, {
      out: tell,
      err: tell,
      readStdin: async () => '',
      askSecret: async () => null,
      clock: () => now,
      random: systemRandom(),
      environment: { SIGNET_DATABASE_URL: url },
    });
  };
  assert.equal(await signet(['init', folder, '--public-url', 'https://idp.example.org']), 0, told);
  const at = { config: join(folder, 'signet.yaml'), file: join(folder, 'keys/data.json') };
  const [old] = ringIn(at).keys;
  const keys = (...args: readonly string[]): Promise<number> => signet(['data-keys', ...args, '--config', at.config]);
  assert.equal(await signet(['migrate', '--config', at.config]), 0, told);
  const database = new DatabaseSync(join(folder, 'signet.db'));
  t.after(() => database.close());
  const text = testCipher(ringIn(at)).cipher.encrypt(secretContext('account-1', 'cred', 'totp-secret'), SECRET);
  database
    .prepare(
      `insert into credentials (account_id, id, kind, label, created_at, lineage, disabled, secret, last_step)
       values ('account-1', 'cred', 'totp', '', ?, '[]', 0, ?, 1)`,
    )
    .run(NOW, text);

  assert.equal(await keys('rotate'), 0, told);
  now = NOW + 2 * HOUR;
  assert.equal(await keys('list'), 0, told);
  assert.match(told, new RegExp(`${old?.kid} +decrypt-only .* 1$`, 'm'));
  now = NOW + 4 * HOUR;
  assert.equal(await keys('prune'), 2);
  assert.match(told, /still-in-use/);
  assert.equal(await keys('reencrypt'), 0, told);
  assert.equal(await keys('prune'), 0, told);
  const { secret } = database.prepare('select secret from credentials').get() as { secret: string };
  const opened = testCipher(ringIn(at)).cipher.decrypt(secretContext('account-1', 'cred', 'totp-secret'), secret);
  assert.deepEqual(opened, SECRET);

  for (const verb of ['list', 'reencrypt', 'prune']) {
    assert.equal(
      await signet(['data-keys', verb, '--config', at.config], 'postgres://nobody@127.0.0.1:1/none'),
      1,
      verb,
    );
    assert.match(told, /database cannot be asked/);
    assert.doesNotMatch(told, /\n\s+at /);
  }
  assert.equal(ringIn(at).serial, 3);
});
