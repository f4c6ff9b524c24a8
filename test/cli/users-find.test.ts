// People in several directories, as commands see them.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Command } from 'commander';
import { stringify } from 'yaml';
import { CliFailure, type CliIo } from '../../src/cli/io.ts';
import { addSessionsCommand } from '../../src/cli/sessions.ts';
import { addUsersCommand } from '../../src/cli/users.ts';
import { systemRandom } from '../../src/lib/random.ts';

const root = mkdtempSync(join(tmpdir(), 'signet-cli-find-'));
after(() => rmSync(root, { recursive: true }));
const ldap = { kind: 'ldap', name: 'corp', urls: ['ldap://127.0.0.1:1'], base: 'dc=example,dc=org' };

function folder(directories: readonly unknown[], files: Readonly<Record<string, string>> = {}) {
  const dir = mkdtempSync(join(root, 'node-'));
  const config = join(dir, 'signet.yaml');
  writeFileSync(config, stringify({ publicUrl: 'https://idp.example.org', directories }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text, { mode: 0o600 });
  return { config, file: (name: string) => readFileSync(join(dir, name), 'utf8') };
}

async function run(args: readonly string[]): Promise<string> {
  let shown = '';
  const show = (text: string) => {
    shown += text;
  };
  const io: CliIo = {
    out: show,
    err: show,
    readStdin: async () => 'correct horse battery',
    askSecret: async () => null,
    clock: () => 1_000_000,
    random: systemRandom(),
    environment: {},
  };
  const program = new Command().exitOverride().configureOutput({ writeOut: show, writeErr: show });
  addUsersCommand(program, io);
  addSessionsCommand(program, io);
  await program.parseAsync([...args], { from: 'user' });
  return shown;
}
const says = (expected: RegExp) => (error: unknown) => error instanceof CliFailure && expected.test(error.message);

const anna =
  'users:\n- {id: a1, loginName: Anna, groups: [x, y], attributes: {mail: [a@example.org, b@example.org]}}\n';
const files = { kind: 'yaml', name: 'files', file: 'a.yaml' };
const more = { kind: 'yaml', name: 'more', file: 'b.yaml' };

test('find says who it is and where', async () => {
  const { config } = folder([files, more], { 'a.yaml': 'users: []\n', 'b.yaml': anna });
  const shown = await run(['users', 'find', ' ANNA', '--config', config]);
  assert.equal(shown, 'Anna\ta1\tx,y\tmore\n  mail\ta@example.org; b@example.org\n');
  assert.deepEqual(JSON.parse(await run(['users', 'find', 'anna', '--json', '--config', config])), {
    directory: 'more',
    id: 'a1',
    loginName: 'Anna',
    disabled: false,
    groups: ['x', 'y'],
    attributes: { mail: ['a@example.org', 'b@example.org'] },
  });
});

test('find says why nobody can be told', async () => {
  const { config } = folder([files, more], { 'a.yaml': anna.replace('a1', 'z9'), 'b.yaml': anna });
  await assert.rejects(run(['users', 'find', 'bert', '--config', config]), says(/nobody called 'bert'/));
  const both = says(/cannot be looked for; .*two directories have: z9 in files, a1 in more/);
  await assert.rejects(run(['users', 'find', 'anna', '--config', config]), both);
  assert.match(await run(['users', 'find', 'anna', '--directory', 'more', '--config', config]), /^Anna\ta1/);
  await assert.rejects(
    run(['sessions', 'revoke', '--user', 'anna', '--config', config]),
    says(/'anna' cannot be looked for/),
  );
  const down = folder([ldap]);
  await assert.rejects(
    run(['users', 'find', 'anna', '--config', down.config]),
    says(/corp: no answer: .*ECONNREFUSED/),
  );
});

test('a change goes to the first directory that may be written, or to the one that is named', async () => {
  const { config, file } = folder([ldap, files, more], { 'a.yaml': anna, 'b.yaml': anna });
  await run(['users', 'disable', 'anna', '--config', config]);
  assert.match(file('a.yaml'), /disabled: true/);
  assert.doesNotMatch(file('b.yaml'), /disabled/);
  await run(['users', 'disable', 'anna', '--directory', 'more', '--config', config]);
  assert.match(file('b.yaml'), /disabled: true/);
});

test('a directory that is only read says so', async () => {
  const { config } = folder([ldap, files], { 'a.yaml': anna });
  const corp = ['--directory', 'corp', '--config', config];
  const readOnly = says(
    /people of 'corp' are kept in an LDAP server, which Signet only reads; `signet users find NAME`/,
  );
  for (const args of [
    ['list'],
    ['add', 'bert', '--password-stdin'],
    ['disable', 'anna'],
    ['set-password', 'anna', '--password-stdin'],
  ]) {
    await assert.rejects(run(['users', ...args, ...corp]), readOnly, args.join(' '));
  }
  const { config: only } = folder([ldap]);
  await assert.rejects(run(['users', 'list', '--config', only]), readOnly);
  const unknown = ['users', 'list', '--directory', 'coop', '--config', config];
  await assert.rejects(run(unknown), says(/found 'coop'; wanted one of corp, files/));
});

test('sessions of somebody in any directory are ended by their id', async () => {
  const empty = 'entries: []\n';
  const { config, file } = folder([files, more], {
    'a.yaml': 'users: []\n',
    'b.yaml': anna,
    'revocations.yaml': empty,
  });
  await run(['sessions', 'revoke', '--user', 'anna', '--config', config]);
  assert.match(file('revocations.yaml'), /a1/);
});
