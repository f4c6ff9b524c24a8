// Parties whose people are asked, and no database to keep what they say: told by `signet check` and at the start.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCli } from '../../src/cli/signet.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { makeIdpFolder } from '../support/idp-folder.ts';
import { NOW, plainSpMetadata, startOneNode } from '../support/one-node.ts';

const root = mkdtempSync(join(tmpdir(), 'signet-unkept-'));
after(() => rmSync(root, { recursive: true }));

const client = (id: string, more: object): string =>
  JSON.stringify({
    client_id: id,
    redirect_uris: [`https://${id}.example.org/callback`],
    token_endpoint_auth_method: 'none',
    ...more,
  });
const FILES: Readonly<Record<string, string>> = {
  'sp.xml': plainSpMetadata('https://sp.example.org'),
  'sp.yaml': 'consent: ask\n',
  'other.xml': plainSpMetadata('https://other.example.org'),
  'wiki.client.json': client('wiki', { signet: { consent: 'ask' } }),
  'mail.client.json': client('mail', {
    grant_types: ['authorization_code', 'refresh_token'],
    signet: { consent: 'ask' },
  }),
  'trusted.client.json': client('trusted', { grant_types: ['authorization_code', 'refresh_token'] }),
  'shop.service.yaml':
    'url: https://shop.example.org/\nconsent: ask\nproxy: { callbackUrls: [https://shop.example.org/pgt] }\n',
  'desk.service.yaml': 'url: https://desk.example.org/\nconsent: never\n',
};

async function check(directory: 'yaml' | 'sql', files: Readonly<Record<string, string>>) {
  const folder = join(mkdtempSync(join(root, 'idp-')), 'idp');
  await makeIdpFolder(folder, { directory, now: NOW });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'parties', name), text);
  const said = { out: '', err: '' };
  const code = await runCli(['check', '--config', join(folder, 'signet.yaml')], {
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    readStdin: async () => '',
    askSecret: async () => null,
    clock: () => NOW,
    random: systemRandom(),
    environment: {},
  });
  return { code, ...said };
}

test('check names each of them and what is missing, and is content', async () => {
  const { code, out, err } = await check('yaml', FILES);
  assert.equal(code, 0, err);
  assert.match(out, /no problems; 7 parties/);
  const lines = err.trimEnd().split('\n').sort();
  assert.deepEqual(
    lines.map(
      (line) =>
        /^note: (\S+(?: https:\S+)?) (?:signet\.)?consent: found ask; wanted database\.url/.exec(line)?.[1] ?? line,
    ),
    ['mail.client.json:', 'shop.service.yaml:', 'sp.xml: https://sp.example.org/metadata:', 'wiki.client.json:'],
  );
  assert.deepEqual(
    lines.map((line) => line.includes('no refresh tokens')),
    [true, false, false, false],
  );
  assert.deepEqual(
    lines.map((line) => line.includes('no proxy')),
    [false, true, false, false],
  );
});

test('with a database, and without anybody who asks, there is nothing to say', async () => {
  assert.deepEqual(await check('sql', FILES).then(({ code, err }) => [code, err]), [0, '']);
  const silent = Object.fromEntries(Object.entries(FILES).filter(([name]) => /^(other|trusted|desk)/.test(name)));
  assert.deepEqual(await check('yaml', silent).then(({ code, err }) => [code, err]), [0, '']);
});

test('it makes no real problem look smaller', async () => {
  const { code, err } = await check('yaml', { ...FILES, 'broken.xml': '<md:EntityDescriptor' });
  assert.equal(code, 1);
  assert.match(err, /broken\.xml/);
  assert.match(err, /mail\.client\.json: signet\.consent/);
  assert.match(err, /^1 problem$/m);
});

test('a client that comes while the node runs is told of once, as a warning', async () => {
  const node = await startOneNode({ environment: { SIGNET_PARTIES_POLL: '1' } });
  try {
    const told = (): number => node.written().split('asked at each sign-in').length - 1;
    assert.equal(told(), 0);
    writeFileSync(join(node.config.parties.folder, 'wiki.client.json'), FILES['wiki.client.json'] ?? '');
    for (let i = 0; i < 100 && told() === 0; i += 1) await new Promise((resolve) => setTimeout(resolve, 50));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal(told(), 1);
    const line = node
      .written()
      .split('\n')
      .find((one) => one.includes('asked at each sign-in'));
    assert.match(line ?? '', /"level":"warn"/);
  } finally {
    await node.close();
  }
});
