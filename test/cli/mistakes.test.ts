// What is typed wrong, and files that cannot be used: each is told in a line or two, never with a stack or a page of help.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runToEnd } from '../../scripts/processes.ts';
import type { CliIo } from '../../src/cli/io.ts';
import { runCli } from '../../src/cli/signet.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { root } from '../docs/documents.ts';

const folder = mkdtempSync(join(tmpdir(), 'signet-mistakes-'));
after(() => rmSync(folder, { recursive: true }));
const config = join(folder, 'signet.yaml');
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return join(folder, name);
};
file('signet.yaml', 'publicUrl: https://idp.example.org\n');
file('users.yaml', 'users: []\n');
mkdirSync(join(folder, 'parties'));
const gone = join(folder, 'gone');
const odd = file('odd.json', '{}');

const HINT = '(--help tells what may be typed)';
const rows: readonly { readonly args: readonly string[]; readonly code: 1 | 2; readonly says: string | RegExp }[] = [
  { args: ['frobnicate'], code: 1, says: `error: unknown command 'frobnicate'\n${HINT}\n` },
  { args: ['chek'], code: 1, says: `error: unknown command 'chek'\n(Did you mean check?)\n${HINT}\n` },
  { args: ['keys', 'rotat'], code: 1, says: `error: unknown command 'rotat'\n(Did you mean rotate?)\n${HINT}\n` },
  {
    args: ['check', '--confg', 'x'],
    code: 1,
    says: `error: unknown option '--confg'\n(Did you mean --config?)\n${HINT}\n`,
  },
  { args: ['users', 'add'], code: 1, says: `error: missing required argument 'name'\n${HINT}\n` },
  {
    args: ['keys', 'revoke', '--all'],
    code: 1,
    says: `error: required option '--reason <text>' not specified\n${HINT}\n`,
  },
  {
    args: ['keys', 'rotate', '--activate-in', 'soon'],
    code: 1,
    says: /^error: .*wanted a time such as 90s, 15m, 1h or 7d\n/,
  },
  {
    args: ['serve', '--listen', 'here'],
    code: 1,
    says: 'listen: found "here"; wanted HOST:PORT, for example 127.0.0.1:8080\n',
  },
  {
    args: ['serve', '--listen', '127.0.0.1:65536'],
    code: 1,
    says: 'listen: found "127.0.0.1:65536"; wanted a port of 65535 or less\n',
  },
  {
    args: ['check', '--config', gone],
    code: 1,
    says: `${gone}: found no such file (ENOENT); wanted a readable YAML file\n`,
  },
  {
    args: ['check', '--config', folder],
    code: 1,
    says: `${folder}: found a folder (EISDIR); wanted a readable YAML file\n`,
  },
  { args: ['users', 'import', gone], code: 1, says: `${gone}: no such file (ENOENT)\n` },
  { args: ['users', 'import', folder], code: 1, says: `${folder}: a folder (EISDIR)\n` },
  { args: ['parties', 'import', gone], code: 1, says: `${gone}: no such file (ENOENT)\n` },
  { args: ['parties', 'import', folder], code: 1, says: `${folder}: a folder (EISDIR)\n` },
  { args: ['parties', 'add-client', gone], code: 1, says: `${gone}: no such file (ENOENT)\n` },
  { args: ['parties', 'remove', 'nobody'], code: 1, says: "there is no party 'nobody'\n" },
  {
    args: ['keys', 'list', '--file', gone],
    code: 1,
    says: `${gone}: found no such file (ENOENT); wanted a file that can be read\n`,
  },
  { args: ['keys', 'list', '--file', odd], code: 1, says: /^(.*odd\.json: \w+: found nothing; wanted a value\n)+$/ },
  { args: ['keys', 'diff', odd, gone], code: 1, says: /^(.*odd\.json: \w+: found nothing; wanted a value\n)+$/ },
  {
    args: ['inspect'],
    code: 1,
    says: 'nothing came on standard input; wanted NAME=VALUE of a cookie, a NameID or a message\n',
  },
  // An audit of which nothing has arrived is not one that is whole.
  { args: ['audit', 'verify'], code: 1, says: 'there are no audit lines on standard input\n' },
];
const WITHOUT_CONFIG = new Set(['audit', 'frobnicate', 'chek']);

for (const { args, code, says } of rows) {
  test(`signet ${args.join(' ').replaceAll(folder, '…')}`, async () => {
    let err = '';
    const io: CliIo = {
      out: (text) => assert.fail(text),
      err: (text) => {
        err += text;
      },
      readStdin: async () => '',
      askSecret: async () => null,
      clock: () => 1_900_000_000,
      random: systemRandom(),
      environment: {},
    };
    const named =
      WITHOUT_CONFIG.has(args[0] ?? '') ||
      args.includes('--config') ||
      args.includes('--file') ||
      args.includes('diff');
    assert.equal(await runCli([...args, ...(named ? [] : ['--config', config])], io), code);
    if (typeof says === 'string') assert.equal(err, says);
    else assert.match(err, says);
  });
}

for (const script of ['scripts/run.ts', 'scripts/proof.ts', 'bench/bench.ts']) {
  test(`${script} --wrong: a line, and what there is`, async () => {
    const ended = await runToEnd(process.execPath, [join(root, script), '--wrong']).then(
      () => assert.fail('it is no option'),
      (error: Error) => error.message,
    );
    assert.match(ended, /Unknown option '--wrong'\nusage: /);
    assert.doesNotMatch(ended, /^ +at /m);
  });
}
