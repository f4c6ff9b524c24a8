// A leaked key: whatever was forged under it, or made from what was forged, is dead once the key is revoked.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { systemRandom } from '../../src/lib/random.ts';
import { formatKeyring, freezeKeyring, type Keyring, parseKeyring, sealingKey } from '../../src/sealer/keyring.ts';
import { NOW, type OneNode, startOneNode } from '../support/one-node.ts';
import { heading, PersonBrowser, redirectPath, samlResponse, statusOf } from '../support/person.ts';

let node: OneNode;
before(async () => {
  node = await startOneNode();
});
after(() => node.close());

const random = systemRandom();

function rewrite(change: (ring: Keyring) => Partial<Keyring>): void {
  const path = node.config.keyring.file;
  const ring = parseKeyring(readFileSync(path), { minSerial: 0 });
  writeFileSync(path, formatKeyring(freezeKeyring({ ...ring, serial: ring.serial + 1, ...change(ring) })));
}

function addKey(ring: Keyring, at: number): Partial<Keyring> {
  const times = { created: at - 3600, activates: at, retires: at + 7 * 86_400, expires: at + 200 * 86_400 };
  return { keys: [...ring.keys, sealingKey(random(32), times)] };
}

test('a session and a flow made under a key, sealed again under the next one, end when the first is revoked', async () => {
  const [leaked = ''] = node.node.parts.keyring.current().keys.map((key) => key.kid);
  const session = new PersonBrowser();
  await session.signIn(node);
  const flow = new PersonBrowser();
  const started = await flow.start(node, { now: NOW });
  const fresh = new PersonBrowser();

  rewrite((ring) => addKey(ring, NOW));
  node.travelTo(NOW + 5);
  const primary = node.node.parts.keyring.status().primary?.kid;
  assert.notEqual(primary, leaked);

  // Both are still good, and now under the healthy key: the session by SSO, the flow by a wrong password.
  const before = session.cookies.get('__Host-signet_sso');
  assert.equal(statusOf(await session.get(node, redirectPath(node, { now: NOW }))), 'Success');
  assert.notEqual(session.cookies.get('__Host-signet_sso'), before);
  await flow.login(node, started.flowPath ?? '', started.answer, 'alice', 'wrong horse');
  const again = await flow.get(node, started.flowPath ?? '');
  assert.equal(heading(again), 'Sign in');
  // Somebody who signs in through the laundered flow, and somebody who never touched the old key.
  const child = flow.copy();
  await child.login(node, started.flowPath ?? '', again);
  assert.ok(child.cookies.has('__Host-signet_sso'));
  await fresh.signIn(node);

  rewrite((ring) => ({
    revoked: [...ring.revoked, { kid: leaked, at: NOW + 5, until: NOW + 90 * 86_400, reason: 'leak' }],
  }));
  node.travelTo(NOW + 6);
  for (const [name, browser] of [
    ['re-sealed session', session],
    ['session from a laundered flow', child],
  ] as const) {
    const answer = await browser.get(node, redirectPath(node, { now: NOW }));
    assert.equal(samlResponse(answer), null, name);
    assert.equal(answer.status, 303, name);
  }
  assert.equal((await flow.get(node, started.flowPath ?? '')).status, 410);
  assert.equal(statusOf(await fresh.get(node, redirectPath(node, { now: NOW }))), 'Success');
});
