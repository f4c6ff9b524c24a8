// Rotation with the commands that an operator's job runs, over two nodes whose copies of the keyring arrive late.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CliFailure } from '../../src/cli/io.ts';
import { runCli } from '../../src/cli/signet.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { parseKeyring } from '../../src/sealer/keyring.ts';
import { type KeysRun, runKeys } from '../cli/keys-run.ts';
import { NOW, type OneNode, startOneNode } from '../support/one-node.ts';
import { PersonBrowser, redirectPath, samlResponse, statusOf } from '../support/person.ts';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;
/** Looked at when a test says so, and never by a timer in between. */
const QUIET = { SIGNET_KEYRING_POLL: '600', SIGNET_THROTTLE_ENABLED: 'false' };
const random = systemRandom();

interface Pair {
  readonly a: OneNode;
  readonly b: OneNode;
  readonly travelTo: (now: number) => void;
  /** Copies the keyring of `a` to `b`, which looks at once. */
  readonly copy: () => void;
  readonly keys: (...args: readonly string[]) => Promise<KeysRun>;
}

async function pair(t: TestContext): Promise<Pair> {
  const a = await startOneNode({ environment: QUIET });
  const copied = join(a.config.folder, 'keys', 'copy.json');
  const copy = (): void => copyFileSync(a.config.keyring.file, copied);
  copy();
  const b = await a.sibling({ SIGNET_KEYRING_FILE: copied });
  t.after(async () => {
    await b.close();
    await a.close();
  });
  return {
    a,
    b,
    travelTo: (now) => {
      a.travelTo(now);
      b.node.parts.revocations.poll();
      b.node.parts.keyring.poll();
    },
    copy: () => {
      copy();
      b.node.parts.keyring.poll();
    },
    keys: (verb = '', ...args) =>
      runKeys([verb, '--config', join(a.config.folder, 'signet.yaml'), ...args], { now: a.time.now, random }),
  };
}

async function listening(t: TestContext, { node }: OneNode): Promise<string> {
  const server = createServer(node.managementListener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function metrics(t: TestContext, node: OneNode): Promise<string> {
  return (await fetch(`http://${await listening(t, node)}/metrics`)).text();
}

test('36 hours with a new key every six, and copies ten minutes late: nobody is signed out, nothing unknown is shown', async (t) => {
  const { a, b, travelTo, copy, keys } = await pair(t);
  const timing = ['--every', '6h', '--longest-lifetime', '12h'];
  const rotating = ['--activate-in', '30m', ...timing];
  assert.equal((await keys('rotate', ...rotating)).exitCode, 0);
  const people = ['alice', 'bob'].map((name) => ({ name, browser: new PersonBrowser(), until: 0 }));
  const sealedBy = new Set<string>();
  let pruned = 0;
  let sso = 0;
  for (let now = NOW, step = 0; now < NOW + 36 * HOUR; now += 10 * MINUTE, step++) {
    travelTo(now);
    // What was written ten minutes ago arrives at b only now; propagation is fifteen.
    copy();
    for (const verb of [
      ['rotate', '--if-due', '20m', ...rotating],
      ['prune', ...timing],
    ]) {
      const run = await keys(...verb);
      assert.equal(run.exitCode, 0, run.failure);
      if (/^- key/m.test(run.output)) pruned++;
    }
    a.node.parts.keyring.poll();
    for (const [i, person] of people.entries()) {
      const node = (step + i) % 2 === 0 ? a : b;
      if (now >= person.until) {
        await person.browser.signIn(node, person.name);
        person.until = now + 12 * HOUR;
        continue;
      }
      const answer = await person.browser.get(node, redirectPath(node, { now }));
      assert.equal(statusOf(answer), 'Success', `${person.name}, ${(now - NOW) / HOUR} h`);
      sso++;
    }
    for (const { node } of [a, b]) sealedBy.add(node.parts.keyring.status().primary?.kid ?? '');
  }
  assert.ok(sso > 400 && sealedBy.size >= 6 && pruned >= 2, `${sso} times, ${sealedBy.size} keys, ${pruned} pruned`);
  for (const node of [a, b]) assert.doesNotMatch(await metrics(t, node), /unknown-kid|expired-kid|future/);
});

test('verify tells which node has not got the new file yet; promote waits for it', async (t) => {
  const { a, b, travelTo, copy, keys } = await pair(t);
  const endpoints = `${await listening(t, a)},${await listening(t, b)}`;
  const [, second = ''] = endpoints.split(',');
  assert.equal((await keys('verify', '--endpoints', endpoints)).exitCode, 0);
  await keys('rotate');
  travelTo(NOW + 20 * MINUTE);
  const late = await keys('verify', '--endpoints', endpoints);
  assert.equal(late.exitCode, 3);
  assert.match(late.failure, new RegExp(`^1 of 2 nodes.*\\n  ${second}: it holds serial 1, the file has 2$`));
  const kid = parseKeyring(readFileSync(a.config.keyring.file), { minSerial: 2 }).keys[1]?.kid ?? assert.fail();
  assert.equal((await keys('promote', '--kid', kid, '--endpoints', endpoints)).exitCode, 3);
  copy();
  assert.equal((await keys('promote', '--kid', kid, '--endpoints', endpoints)).exitCode, 0);
  travelTo(NOW + 20 * MINUTE);
  assert.equal(a.node.parts.keyring.status().primary?.kid, kid);
  assert.equal(b.node.parts.keyring.status().primary?.kid === kid, false);
  // b has the key, if not the promotion: what a seals opens there.
  const person = new PersonBrowser();
  await person.signIn(a);
  assert.equal(statusOf(await person.get(b, redirectPath(b, { now: a.time.now }))), 'Success');
});

test('/keyring answers a nonce, and nothing else', async (t) => {
  const { a } = await pair(t);
  const endpoint = await listening(t, a);
  for (const query of ['', '?nonce=', '?nonce=short', `?nonce=${'A'.repeat(100)}`]) {
    assert.equal((await fetch(`http://${endpoint}/keyring${query}`)).status, 400);
  }
  const answer = await fetch(`http://${endpoint}/keyring?nonce=${'A'.repeat(22)}`);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const text = await answer.text();
  for (const key of a.node.parts.keyring.current().keys)
    assert.ok(!text.includes(key.master.export().toString('base64url')));
  // Never on the public listener.
  assert.equal((await a.ask({ path: `/keyring?nonce=${'A'.repeat(22)}` })).status, 404);
});

test('emergency: revoke --all --replace ends every session on every node, and people sign in again', async (t) => {
  const { a, b, travelTo, copy, keys } = await pair(t);
  const people = [new PersonBrowser(), new PersonBrowser()];
  for (const person of people) await person.signIn(a);
  const run = await keys('revoke', '--all', '--replace', '--reason', 'laptop stolen');
  assert.equal(run.exitCode, 0, run.failure);
  assert.match(run.output, /keyring\.minSerial: 2/);
  copy();
  travelTo(NOW + 10);
  for (const node of [a, b]) {
    for (const person of people) {
      const answer = await person.copy().get(node, redirectPath(node, { now: a.time.now }));
      assert.equal(samlResponse(answer), null);
      assert.equal(answer.status, 303);
    }
    assert.equal(statusOf(await new PersonBrowser().signIn(node)), 'Success');
  }
  const crossing = new PersonBrowser();
  await crossing.signIn(a);
  assert.equal(statusOf(await crossing.get(b, redirectPath(b, { now: a.time.now }))), 'Success');
});

/** `signet check`, on a clock. */
async function check(node: OneNode): Promise<{ readonly code: number; readonly err: string }> {
  let err = '';
  const code = await runCli(['check', '--config', join(node.config.folder, 'signet.yaml')], {
    out: () => {},
    err: (text) => {
      err += text;
    },
    readStdin: async () => '',
    askSecret: async () => {
      throw new CliFailure('nobody is here');
    },
    clock: () => node.time.now,
    random,
    environment: {},
  });
  return { code, err };
}

test('a forgotten rotation: sign-ins go on; metric, log and check say so, until somebody rotates', async (t) => {
  const { a, travelTo, keys } = await pair(t);
  assert.match(await metrics(t, a), /^signet_keyring_overdue 0$/m);
  assert.equal((await check(a)).code, 0);
  for (const day of [8, 8.5, 9.5]) travelTo(NOW + day * DAY);
  assert.equal(statusOf(await new PersonBrowser().signIn(a)), 'Success');
  assert.match(await metrics(t, a), /^signet_keyring_overdue 1$/m);
  const lines = a
    .written()
    .split('\n')
    .filter((line) => line.includes('to be rotated before'));
  assert.equal(lines.length, 2);
  for (const line of lines) assert.match(line, /"level":"warn"/);
  const told = await check(a);
  assert.equal(told.code, 1);
  assert.match(told.err, /should have been rotated.*signet keys rotate/);
  assert.equal((await keys('rotate')).exitCode, 0);
  travelTo(a.time.now + 1);
  assert.match(await metrics(t, a), /^signet_keyring_overdue 0$/m);
  assert.equal((await check(a)).code, 0);
});
