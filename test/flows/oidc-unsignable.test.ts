// Clients whose algorithm no current key signs: turned away with an error, never a fault; the operator is told.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { Command } from 'commander';
import { addCheckCommand } from '../../src/cli/check.ts';
import { hashClientSecret } from '../../src/parties/client-secret.ts';
import { signatureProblems } from '../../src/parts.ts';
import { authorizePath, basic, CALLBACK, call, codeOf, redeem, returned } from '../support/oidc.ts';
import { type OneNode, startOneNode } from '../support/one-node.ts';
import { heading, PersonBrowser } from '../support/person.ts';

const SECRET = 'a-secret-of-at-least-thirty-two-characters';
const confidential = {
  client_secret_hash: hashClientSecret(SECRET, (size) => Buffer.alloc(size, 7)),
  redirect_uris: [CALLBACK],
};
/** `signet init` makes keys for RS256 and ES256. */
const EDDSA = { ...confidential, client_id: 'eddsa', id_token_signed_response_alg: 'EdDSA' };

let node: OneNode;
before(async () => {
  node = await startOneNode({
    environment: { SIGNET_THROTTLE_ENABLED: 'false' },
    clients: [
      EDDSA,
      { ...confidential, client_id: 'fine', id_token_signed_response_alg: 'ES256' },
      { ...confidential, client_id: 'signed-userinfo', userinfo_signed_response_alg: 'PS256' },
      { ...confidential, client_id: 'later' },
    ],
  });
});
after(() => node.close());

const UNAVAILABLE = 'temporarily_unavailable';

test('the client is told so at its own address, before anybody signs in', async () => {
  const answer = returned(await node.ask({ path: authorizePath('eddsa') }));
  assert.equal(answer.get('error'), UNAVAILABLE);
  assert.equal(answer.get('state'), 's');
  assert.match(node.written(), /no-signing-key/);
  assert.ok((await codeOf(node, 'fine')).length > 0);
});

test('where even the error would be signed, the person gets a page', async () => {
  const page = await node.ask({ path: authorizePath('eddsa', { response_mode: 'jwt' }) });
  assert.equal(page.status, 400);
  assert.equal(heading(page), 'This application cannot be answered at the moment');
});

test('programs are told to come later', async () => {
  const pushed = await call(node, '/oidc/par', { client_id: 'eddsa' }, basic('eddsa', SECRET));
  assert.deepEqual([pushed.status, pushed.body.error], [503, UNAVAILABLE]);
  const told = await redeem(node, 'eddsa', 'any', {}, basic('eddsa', SECRET));
  assert.deepEqual([told.status, told.body.error], [503, UNAVAILABLE]);
  assert.equal(told.headers['retry-after'], '5');
  const userinfo = returned(await node.ask({ path: authorizePath('signed-userinfo') }));
  assert.equal(userinfo.get('error'), UNAVAILABLE);
});

/** As when somebody registers the client for another algorithm, or its key retires, between two requests. */
async function registerLater(algorithm: string): Promise<void> {
  const document = { ...confidential, client_id: 'later', id_token_signed_response_alg: algorithm };
  const folder = join(node.config.parties.folder);
  await writeFile(join(folder, 'later.client.json'), JSON.stringify(document));
  await node.node.parts.parties.reload();
}

test('meanwhile without a key: a page, an answer to come later, and the code is still good afterwards', async () => {
  const browser = new PersonBrowser();
  const code = await codeOf(node, 'later', {}, browser);
  await registerLater('EdDSA');
  const early = await redeem(node, 'later', code, {}, basic('later', SECRET));
  assert.deepEqual([early.status, early.body.error], [503, UNAVAILABLE]);
  await registerLater('RS256');
  const given = await redeem(node, 'later', code, {}, basic('later', SECRET));
  assert.equal(given.status, 200, JSON.stringify(given.body));

  const other = new PersonBrowser();
  const started = await other.get(node, authorizePath('later'));
  const location = started.headers.location ?? '';
  const form = await other.get(node, location);
  await registerLater('EdDSA');
  const page = await other.login(node, location, form, 'alice');
  assert.equal(heading(page), 'This application cannot be answered at the moment');
  await registerLater('RS256');
});

test('userinfo of a client whose key has gone: 503, not a fault', async () => {
  const { body } = await redeem(node, 'fine', await codeOf(node, 'fine'), {}, basic('fine', SECRET));
  const document = { ...confidential, client_id: 'fine', userinfo_signed_response_alg: 'PS256' };
  await writeFile(join(node.config.parties.folder, 'fine.client.json'), JSON.stringify(document));
  await node.node.parts.parties.reload();
  const answer = await node.ask({
    path: '/oidc/userinfo',
    headers: { Authorization: `Bearer ${body.access_token}` },
  });
  assert.equal(answer.status, 503, answer.text);
});

test('the operator reads it at the start, and from signet check', async () => {
  const found = signatureProblems(node.node.parts).map(({ path, found: what }) => `${path} ${what}`);
  assert.deepEqual(found, [
    'eddsa.client.json: id_token_signed_response_alg EdDSA',
    'fine.client.json: userinfo_signed_response_alg PS256',
    'signed-userinfo.client.json: userinfo_signed_response_alg PS256',
  ]);
  let err = '';
  const program = new Command().exitOverride();
  addCheckCommand(program, {
    out: () => {},
    err: (text) => {
      err += text;
    },
    readStdin: async () => '',
    askSecret: async () => null,
    clock: () => node.time.now,
    random: (length) => Buffer.alloc(length),
    environment: {},
  });
  const config = join(dirname(node.config.parties.folder), 'signet.yaml');
  await assert.rejects(program.parseAsync(['check', '--config', config], { from: 'user' }), /3 problems/);
  assert.match(err, /eddsa\.client\.json: id_token_signed_response_alg.*EdDSA.*RS256, ES256/);
});
