// The reader in another language opens what the CAS server gives away, and makes it again byte for byte.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { APP, ask, casPath, newTicket, validate } from '../support/cas.ts';
import { type Callbacks, startCallbacks } from '../support/cas-callback.ts';
import { type OneNode, startOneNode } from '../support/one-node.ts';
import { PersonBrowser } from '../support/person.ts';
import { decodeAt, decoded, encodedAgain, type Found, requireDecoder } from './signet.ts';

const MAIL = 'https://mail.example.org/';

let node: OneNode;
let callbacks: Callbacks;
let folder = '';
let callback = '';
before(async () => {
  callbacks = await startCallbacks();
  folder = await mkdtemp(join(tmpdir(), 'signet-cas-'));
  const authorities = join(folder, 'authorities.pem');
  await writeFile(authorities, callbacks.certificate);
  callback = `https://127.0.0.1:${callbacks.port}/wiki`;
  node = await startOneNode({
    environment: {
      SIGNET_CAS_CALLBACK_AUTHORITIES: authorities,
      SIGNET_CAS_CALLBACK_NETWORKS: '["127.0.0.1"]',
    },
    services: [{ url: APP, proxy: { callbackUrls: [callback] } }, { url: MAIL }],
  });
});
after(async () => {
  await node.close();
  await callbacks.close();
  await rm(folder, { recursive: true });
});

const sha256 = (text: string, bytes: number): string =>
  createHash('sha256')
    .update(text)
    .digest('hex')
    .slice(0, 2 * bytes);

function readTwice(found: Found) {
  const value = decoded(node, found);
  assert.equal(encodedAgain(node, value), found.token);
  return value.body;
}

test('a login cookie of a service', async (t) => {
  if (!requireDecoder(t)) return;
  const browser = new PersonBrowser();
  await browser.get(node, casPath('login', { service: `${APP}?a=1#b`, renew: 'true', method: 'POST' }));
  const [[context, token] = assert.fail()] = browser.cookies;
  const { party, protocol, pending, flags } = readTwice({ purpose: 'login-flow', context, token });
  assert.deepEqual([party, protocol], [`cas:${APP}`, 3]);
  assert.deepEqual(pending, { party: sha256(`cas:${APP}`, 6), service: `${APP}?a=1#b`, flags: 3 });
  assert.equal(Number(flags) & 1, 1);
});

test('a service ticket, a proxy-granting ticket, a proxy ticket', async (t) => {
  if (!requireDecoder(t)) return;
  const ticket = await newTicket(node);
  const st = readTwice({ purpose: 'cas-st', context: '', token: ticket });
  assert.equal(st.service, sha256(APP, 16));
  assert.equal(st.fromNewLogin, 1);
  assert.deepEqual(st.proofs, { oldest: 0, newest: 0, level: 1 });
  const { pgtIou } = await validate(node, ticket, { pgtUrl: callback });
  const granting = callbacks.grantingTicket(pgtIou) ?? assert.fail('no ticket came');
  const pgt = readTwice({ purpose: 'cas-pgt', context: '', token: granting });
  assert.deepEqual([pgt.sid, pgt.account], [st.sid, st.account]);
  assert.equal(pgt.party, sha256(`cas:${APP}`, 6));
  assert.deepEqual(pgt.proxies, [sha256(callback, 4)]);
  const { proxyTicket } = await ask(node, 'proxy', { pgt: granting, targetService: MAIL });
  const pt = readTwice({ purpose: 'cas-pt', context: '', token: proxyTicket ?? '' });
  assert.equal(pt.service, sha256(MAIL, 16));
  assert.deepEqual(pt.proxies, pgt.proxies);
  for (const purpose of ['cas-pt', 'cas-pgt']) {
    assert.equal(decodeAt(node, { purpose, context: '', token: ticket }).ok, false);
    assert.equal(decodeAt(node, { purpose, context: '', token: ticket.replace('ST-', 'PT-') }).ok, false);
  }
});
