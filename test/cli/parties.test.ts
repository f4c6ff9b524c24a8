import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Command } from 'commander';
import { CliFailure, type CliIo } from '../../src/cli/io.ts';
import { addPartiesCommand } from '../../src/cli/parties.ts';
import { ProblemsError } from '../../src/lib/problems.ts';
import { metadataXml } from '../protocols/saml/idp.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-cli-'));
  await writeFile(join(folder, 'signet.yaml'), 'publicUrl: https://idp.example\n');
});
after(() => rm(folder, { recursive: true }));

async function run(args: readonly string[], stdin = ''): Promise<{ readonly out: string; readonly err: string }> {
  let out = '';
  let err = '';
  const io: CliIo = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    readStdin: async () => stdin,
    askSecret: async () => null,
    clock: () => 0,
    random: (length) => Buffer.alloc(length),
    environment: {},
  };
  const program = new Command().exitOverride();
  addPartiesCommand(program, io);
  await program.parseAsync(['parties', ...args, '--config', join(folder, 'signet.yaml')], { from: 'user' });
  return { out, err };
}

const ONE = 'https://one.example';

test('import from standard input and from a file, list, remove', async () => {
  assert.match(
    (await run(['import', '-'], metadataXml({ entityId: ONE }))).out,
    /^https:\/\/one\.example\nwritten one-/,
  );
  const file = join(folder, 'two.xml');
  await writeFile(file, metadataXml({ entityId: 'https://two.example' }));
  await run(['import', file]);
  assert.match((await run(['import', file])).out, /replaced/);
  const listed: unknown = JSON.parse((await run(['list', '--json'])).out);
  assert.ok(Array.isArray(listed));
  assert.deepEqual(
    listed.map((one) => one.entityId),
    [ONE, 'https://two.example'],
  );
  assert.match((await run(['list'])).out, /https:\/\/sp\.example\/acs/);
  assert.match((await run(['remove', ONE])).out, /^removed one-/);
  await assert.rejects(run(['remove', ONE]), (error) => error instanceof CliFailure && error.exitCode === 2);
});

test('metadata that is wrong is refused with all its problems', async () => {
  const xml = metadataXml({ endpoints: '', role: ' AuthnRequestsSigned="x"' });
  await assert.rejects(
    run(['import', '-'], xml),
    (error) => error instanceof ProblemsError && error.problems.length >= 2,
  );
});

test('a folder with problems is listed with them, and the exit code says so', async () => {
  await writeFile(join(folder, 'parties', 'broken.xml'), 'x');
  await assert.rejects(run(['list']), CliFailure);
});
