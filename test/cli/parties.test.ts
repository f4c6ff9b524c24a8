import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Command } from 'commander';
import { parse } from 'yaml';
import { CliFailure, type CliIo } from '../../src/cli/io.ts';
import { addPartiesCommand } from '../../src/cli/parties.ts';
import { ProblemsError } from '../../src/lib/problems.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { matchesClientSecret } from '../../src/parties/client-secret.ts';
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
    random: systemRandom(),
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
  await assert.rejects(run(['remove', ONE]), (error) => error instanceof CliFailure && error.exitCode === 1);
});

test('metadata that is wrong is refused with all its problems', async () => {
  const xml = metadataXml({ endpoints: '', role: ' AuthnRequestsSigned="x"' });
  await assert.rejects(
    run(['import', '-'], xml),
    (error) => error instanceof ProblemsError && error.problems.length >= 2,
  );
});

const CLIENT = { client_id: 'wiki', client_name: 'Wiki', redirect_uris: ['https://wiki.example/callback'] };

/** Registers from standard input; what is shown, as programs read it. */
async function add(document: object | string, ...flags: readonly string[]): Promise<Record<string, string>> {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  return JSON.parse((await run(['add-client', '-', '--json', ...flags], text)).out);
}

async function kept(file: string): Promise<string> {
  return readFile(join(folder, 'parties', file), 'utf8');
}

function hashIn(text: string): string {
  return /^client_secret_hash: (.*)$/m.exec(text)?.[1] ?? '';
}

test('a client gets a secret, shown once: the file has only what tells it again', async () => {
  const { out } = await run(['add-client', '-'], JSON.stringify(CLIENT));
  const [, secret = ''] =
    /^client_id {6}wiki\nclient_secret {2}([\w-]{43}) {3}\(shown once\)\nwritten wiki\.client\.yaml; /.exec(out) ?? [];
  const text = await kept('wiki.client.yaml');
  assert.ok(secret !== '' && !text.includes(secret), out);
  assert.ok(matchesClientSecret(secret, hashIn(text)));
  assert.equal((await stat(join(folder, 'parties', 'wiki.client.yaml'))).mode & 0o777, 0o644);
  const listed = (await run(['list', '--json'])).out;
  assert.match(listed, /"clientId": "wiki",\s+"displayName": "Wiki"/);
  assert.ok(!listed.includes('sha256'), listed);
  assert.match(
    (await run(['list'])).out,
    /^wiki\n {2}Wiki, https:\/\/wiki\.example\/callback {2}client_secret_basic {2}wiki\.client\.yaml$/m,
  );
});

test('a client that is there is replaced only on demand, and keeps its secret unless it is to have another', async () => {
  await assert.rejects(
    add(CLIENT),
    (error) => error instanceof CliFailure && error.exitCode === 2 && error.message.includes('--replace'),
  );
  const before = hashIn(await kept('wiki.client.yaml'));
  assert.equal((await add({ ...CLIENT, client_name: 'Wiki 2' }, '--replace')).client_secret, undefined);
  assert.match(await kept('wiki.client.yaml'), /Wiki 2/);
  assert.equal(hashIn(await kept('wiki.client.yaml')), before);
  const { client_secret: next = '' } = await add(CLIENT, '--replace', '--new-secret');
  assert.ok(matchesClientSecret(next, hashIn(await kept('wiki.client.yaml'))));
});

test('without client_id it gets one; ids that are no file names share no file', async () => {
  const { client_id: id = '', file = '' } = await add({ redirect_uris: CLIENT.redirect_uris });
  assert.match(id, /^[\w-]{22}$/);
  assert.match(file, /\.client\.yaml$/);
  const one = await add({ ...CLIENT, client_id: 'https://App.example/' });
  const other = await add({ ...CLIENT, client_id: 'https://app.example' });
  assert.match(one.file ?? '', /^app-example-[0-9a-f]{6}\.client\.yaml$/);
  assert.notEqual(one.file, other.file);
});

test('a secret of its own is hashed, from YAML too', async () => {
  const secret = 'a-secret-that-somebody-made-by-machine';
  const answer = await add(`client_id: own\nclient_secret: ${secret}\nredirect_uris: [https://own.example/]\n`);
  assert.equal(answer.client_secret, undefined);
  const text = await kept('own.client.yaml');
  assert.ok(matchesClientSecret(secret, hashIn(text)) && !text.includes(secret));
});

test('a client without a secret gets none', async () => {
  assert.equal(
    (await add({ ...CLIENT, client_id: 'spa', token_endpoint_auth_method: 'none' })).client_secret,
    undefined,
  );
  assert.doesNotMatch(await kept('spa.client.yaml'), /secret/);
});

const REFUSED: readonly {
  readonly name: string;
  readonly document: object | string;
  readonly paths: readonly string[];
}[] = [
  {
    name: 'a short secret, beside everything else',
    document: { ...CLIENT, client_id: 'x', client_secret: 'hunter2hunter2', redirect_uris: ['http://x.example/'] },
    paths: ['standard input: client_secret', 'standard input: redirect_uris[0]'],
  },
  {
    name: 'a secret of a public client',
    document: { ...CLIENT, client_id: 'x', client_secret: 'x'.repeat(40), token_endpoint_auth_method: 'none' },
    paths: ['standard input: client_secret'],
  },
  {
    name: 'a secret and a hash',
    document: { ...CLIENT, client_id: 'x', client_secret: 'x'.repeat(40), client_secret_hash: 'y' },
    paths: ['standard input: client_secret'],
  },
  {
    name: 'a secret that is no text',
    document: { ...CLIENT, client_id: 'x', client_secret: 5 },
    paths: ['standard input: client_secret'],
  },
  { name: 'nothing to return to', document: { client_id: 'x' }, paths: ['standard input: redirect_uris'] },
  {
    name: 'a member that nobody serves',
    document: { ...CLIENT, client_id: 'x', tls_client_auth_subject_dn: 'cn=x' },
    paths: ['standard input: tls_client_auth_subject_dn'],
  },
  { name: 'a list', document: '[]', paths: ['standard input'] },
  { name: 'neither JSON nor YAML', document: '{"client_id": ', paths: ['standard input'] },
  { name: 'an id that is none', document: { ...CLIENT, client_id: 'a b' }, paths: ['standard input: client_id'] },
];
for (const { name, document, paths } of REFUSED) {
  test(`not registered: ${name}`, async () => {
    const before = await readdir(join(folder, 'parties'));
    await assert.rejects(add(document), (error) => {
      assert.ok(error instanceof ProblemsError, String(error));
      assert.deepEqual([...new Set(error.problems.map(({ path }) => path))].sort(), [...paths].sort());
      // CWE-532: what is wrong with a secret is said without it.
      assert.doesNotMatch(JSON.stringify(error.problems), /hunter2|x{40}/);
      return true;
    });
    assert.deepEqual(await readdir(join(folder, 'parties')), before);
  });
}

test('a file that cannot be read is not written over by accident', async () => {
  await writeFile(join(folder, 'parties', 'torn.client.yaml'), 'client_id: torn\nnonsense: 1\n');
  await assert.rejects(add({ ...CLIENT, client_id: 'torn' }), /cannot be read; --replace/);
  await add({ ...CLIENT, client_id: 'torn' }, '--replace');
  assert.match((await run(['remove', 'torn'])).out, /^removed torn\.client\.yaml/);
});

test('a client is removed by its id, and where a SAML party has the same name, by its protocol', async () => {
  await add({ ...CLIENT, client_id: 'https://two.example' });
  await assert.rejects(run(['remove', 'https://two.example']), /saml:https:\/\/two\.example or oidc:/);
  assert.match((await run(['remove', 'oidc:https://two.example'])).out, /^removed two-example-\w+\.client\.yaml;/);
  assert.match((await run(['list'])).out, /^https:\/\/two\.example$/m);
  assert.match((await run(['remove', 'wiki'])).out, /^removed wiki\.client\.yaml/);
  await assert.rejects(run(['remove', 'wiki']), (error) => error instanceof CliFailure && error.exitCode === 1);
});

test('a CAS service by its address: written, listed, not written twice, removed', async () => {
  const args = [
    '--name',
    'Wiki',
    ...['--language', 'de'],
    '--user',
    'mail',
    '--attribute',
    'mail',
    'sn',
    '--callback',
    'https://wiki.example/cb',
  ];
  const added = await run(['add-service', 'https://wiki.example/app', ...args]);
  assert.match(added.out, /^https:\/\/wiki\.example\/app\nwritten wiki-example-app-\w{6}\.service\.yaml;/);
  const [file = ''] = /\S+\.service\.yaml/.exec(added.out) ?? [];
  assert.deepEqual(parse(await readFile(join(folder, 'parties', file), 'utf8')), {
    url: 'https://wiki.example/app',
    name: 'Wiki',
    language: 'de',
    user: 'mail',
    attributes: ['mail', 'sn'],
    proxy: { callbackUrls: ['https://wiki.example/cb'] },
  });
  const hidden = await run(['add-service', 'https://library.example/?a=b', '--exact', '--no-portal']);
  const [other = ''] = /\S+\.service\.yaml/.exec(hidden.out) ?? [];
  assert.deepEqual(parse(await readFile(join(folder, 'parties', other), 'utf8')), {
    url: 'https://library.example/?a=b',
    portal: false,
    match: 'exact',
  });
  const { out } = await run(['list']);
  assert.match(out, /^https:\/\/wiki\.example\/app\n {2}Wiki, and under it, proxy by https:\/\/wiki\.example\/cb /m);
  assert.match(out, /^https:\/\/library\.example\/\?a=b\n {2}library\.example, exactly /m);
  const listed: readonly { readonly kind: string }[] = JSON.parse((await run(['list', '--json'])).out);
  assert.equal(listed.filter(({ kind }) => kind === 'cas').length, 2);
  await assert.rejects(run(['add-service', 'https://wiki.example/app']), /already: change it there/);
  await writeFile(join(folder, 'parties', file), 'nonsense: 1\n');
  await assert.rejects(run(['add-service', 'https://wiki.example/app']), /cannot be read/);
  await rm(join(folder, 'parties', file));
  await run(['add-service', 'https://wiki.example/app']);
  for (const name of ['https://wiki.example/app', 'cas:https://library.example/?a=b']) {
    assert.match((await run(['remove', name])).out, /^removed \S+\.service\.yaml;/);
    await assert.rejects(run(['remove', name]), /there is no party/);
  }
});

const NO_SERVICES = [
  'http://wiki.example/',
  'https://wiki.example/../x',
  'wiki.example',
  '^https://.*',
  'https://a@wiki.example/',
];
for (const url of NO_SERVICES) {
  test(`no CAS service: ${url}`, async () => {
    const before = await readdir(join(folder, 'parties'));
    await assert.rejects(run(['add-service', url]), ProblemsError);
    assert.deepEqual(await readdir(join(folder, 'parties')), before);
  });
}

test('a folder with problems is listed with them, and the exit code says so', async () => {
  await writeFile(join(folder, 'parties', 'broken.xml'), 'x');
  await assert.rejects(run(['list']), CliFailure);
});
