// The outage table of docs/operations.md: what works, what people see and for how long, while a part is broken.
// One row a test, as far as one process can show it; nodes that die are in test/cluster/node-loss.test.ts.
import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { manage, metric } from '../support/management.ts';
import { NOW, type OneNode, type OneNodeOptions, plainSpMetadata, startOneNode } from '../support/one-node.ts';
import { heading, PersonBrowser, redirectPath, samlResponse, statusOf } from '../support/person.ts';

const linux = { skip: process.platform === 'linux' ? false : 'signals to another process work this way on Linux' };

async function nodeFor(t: TestContext, options: OneNodeOptions = {}): Promise<OneNode> {
  const node = await startOneNode({
    ...options,
    environment: { SIGNET_THROTTLE_ENABLED: 'false', ...options.environment },
  });
  t.after(() => node.close());
  return node;
}

/** One new sign-in with a password, and one single sign-on of a person who is there already. */
async function bothWork(node: OneNode, person: PersonBrowser): Promise<void> {
  assert.equal(statusOf(await new PersonBrowser().signIn(node, 'bob')), 'Success');
  assert.equal(statusOf(await person.get(node, redirectPath(node, { now: node.time.now }))), 'Success');
}

async function signedIn(node: OneNode, name = 'alice'): Promise<PersonBrowser> {
  const person = new PersonBrowser();
  await person.signIn(node, name);
  return person;
}

interface FileRow {
  readonly name: string;
  readonly part: 'users' | 'keyring' | 'revocations' | 'parties' | 'signing-keys';
  readonly break: (node: OneNode) => void;
}

const partyFile = (node: OneNode): string => {
  const { folder } = node.config.parties;
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.xml')) ?? assert.fail('no metadata'));
};

const usersFile = ({ config: { directories } }: OneNode): string =>
  directories.flatMap((directory) => (directory.kind === 'yaml' ? directory.file : []))[0] ?? assert.fail('no file');

const signingFile = ({ config }: OneNode, name: string): string => join(config.saml.signing.folder, name);

const fileRows: readonly FileRow[] = [
  { name: 'the signing key is gone', part: 'signing-keys', break: (n) => rmSync(signingFile(n, 'key.pem')) },
  {
    name: 'others may read the signing key',
    part: 'signing-keys',
    break: (n) => chmodSync(signingFile(n, 'key.pem'), 0o644),
  },
  {
    name: 'the list of signing keys has half arrived',
    part: 'signing-keys',
    break: (n) => writeFileSync(signingFile(n, 'signing-keys.json'), '{"format": "signet-sig', { mode: 0o600 }),
  },
  { name: 'the users file is gone', part: 'users', break: (n) => rmSync(usersFile(n)) },
  {
    name: 'the users file is not YAML',
    part: 'users',
    break: (n) => writeFileSync(usersFile(n), 'users: ['),
  },
  { name: 'others may read the users file', part: 'users', break: (n) => chmodSync(usersFile(n), 0o644) },
  { name: 'the keyring file is gone', part: 'keyring', break: (n) => rmSync(n.config.keyring.file) },
  { name: 'the keyring file is cut off', part: 'keyring', break: (n) => writeFileSync(n.config.keyring.file, '{"fo') },
  { name: 'others may read the keyring file', part: 'keyring', break: (n) => chmodSync(n.config.keyring.file, 0o644) },
  { name: 'the revocation file is gone', part: 'revocations', break: (n) => rmSync(n.config.revocations.file) },
  {
    name: 'the revocation file is not YAML',
    part: 'revocations',
    break: (n) => writeFileSync(n.config.revocations.file, 'entries: ['),
  },
  { name: 'a party’s metadata is cut off', part: 'parties', break: (n) => writeFileSync(partyFile(n), '<md:Ent') },
  {
    name: 'a party’s settings are broken',
    part: 'parties',
    break: (n) => writeFileSync(partyFile(n).replace(/xml$/, 'yaml'), 'encryption: always\n'),
  },
  {
    name: 'the folder of parties is gone',
    part: 'parties',
    break: (n) => renameSync(n.config.parties.folder, `${n.config.parties.folder}.away`),
  },
];

for (const row of fileRows) {
  test(`while running, ${row.name}: sign-ins go on with the last good copy, and the log says so`, async (t) => {
    const node = await nodeFor(t, { environment: { SIGNET_PARTIES_POLL: '1' } });
    const person = await signedIn(node);
    row.break(node);
    node.travelTo(NOW + 60);
    await node.node.parts.directoryDetails.reload();
    // The parties are looked at by the wall clock, every second here.
    for (let i = 0; i < 100 && (await metric(node, `signet_load_errors_total{what="${row.part}"}`)) === 0; i++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok((await metric(node, `signet_load_errors_total{what="${row.part}"}`)) >= 1);
    assert.equal((await manage(node, '/readyz')).status, 200);
    await bothWork(node, person);
  });
}

test('metadata that lists nobody any more: its party has ended, also for people who are signed in, and it is told', async (t) => {
  const node = await nodeFor(t);
  const person = await signedIn(node);
  writeFileSync(partyFile(node), '<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"/>');
  await node.node.parts.parties.reload();
  const { answer } = await person.start(node, { now: node.time.now });
  assert.equal(samlResponse(answer), null);
  assert.equal(heading(answer), 'This application is not registered here');
  assert.match(node.node.parts.parties.problems().at(-1)?.found ?? '', /the parties that it had \(1\) have ended/);
});

const startRows: readonly FileRow[] = fileRows.filter(({ part }) => part !== 'parties');
for (const row of startRows) {
  test(`at the start, ${row.name}: the node refuses to start and names the file`, async (t) => {
    const node = await nodeFor(t);
    row.break(node);
    await assert.rejects(node.sibling(), /users\.yaml|sealer\.json|revocations|key\.pem|signing-keys\.json/);
  });
}

test('at the start, a broken party is left out, and the others are served', async (t) => {
  const parties = [plainSpMetadata('https://sp.example.org'), plainSpMetadata('https://two.example.org')];
  const node = await nodeFor(t, { parties });
  const broken = join(node.config.parties.folder, 'broken.xml');
  writeFileSync(broken, readFileSync(partyFile(node), 'utf8').slice(0, 100));
  const other = await node.sibling();
  t.after(() => other.close());
  assert.equal(other.node.parts.parties.all().length, 2);
  assert.match(other.node.parts.parties.problems()[0]?.path ?? '', /broken\.xml/);
  await bothWork(other, await signedIn(other));
});

const staleRows = [
  { failMode: 'open', old: 'Success', recent: 'Success' },
  { failMode: 'reauth', old: 'Sign in', recent: 'Success' },
  { failMode: 'closed', old: 'Sign in', recent: 'Sign in' },
] as const;
for (const row of staleRows) {
  test(`the revocation file unreadable for over five minutes, failMode ${row.failMode}`, async (t) => {
    const node = await nodeFor(t, { environment: { SIGNET_REVOCATIONS_FAIL_MODE: row.failMode } });
    const old = await signedIn(node);
    rmSync(node.config.revocations.file);
    node.travelTo(NOW + 200);
    const recent = await signedIn(node, 'bob');
    node.travelTo(NOW + 400);
    for (const [person, expect] of [
      [old, row.old],
      [recent, row.recent],
    ] as const) {
      const { answer } = await person.start(node, { now: node.time.now });
      assert.equal(samlResponse(answer) === null ? heading(answer) : statusOf(answer), expect);
    }
    assert.equal(statusOf(await new PersonBrowser().signIn(node)), 'Success', 'a password always helps');
    assert.equal((await manage(node, '/readyz')).status, 200);
  });
}

test('the replay table is full: a page with 503, nothing is forgotten, and room comes back', async (t) => {
  const node = await nodeFor(t, { environment: { SIGNET_SPENT_CAPACITY: '100' } });
  const person = await signedIn(node);
  const first = redirectPath(node, { now: NOW, id: '_first' });
  assert.equal(statusOf(await person.get(node, first)), 'Success');
  let answer = await person.get(node, redirectPath(node, { now: NOW }));
  for (let i = 0; i < 300 && answer.status === 200; i++) {
    answer = await person.get(node, redirectPath(node, { now: NOW }));
  }
  assert.equal(answer.status, 503);
  assert.equal(heading(answer), 'Signing in does not work at the moment');
  assert.ok((await metric(node, 'signet_spent_total{kind="saml-request",result="full"}')) >= 1);
  assert.equal(statusOf(await person.get(node, first)), 'Success', 'the same session, the same request');
  node.travelTo(NOW + 302);
  assert.equal(statusOf(await person.get(node, redirectPath(node, { now: NOW + 302 }))), 'Success');
});

test('too many wait for a hash: 503 with Retry-After on the login page; single sign-on goes on', linux, async (t) => {
  const node = await nodeFor(t, { environment: { SIGNET_PASSWORD_QUEUE: '1' } });
  const person = await signedIn(node);
  const { hashing } = JSON.parse((await manage(node, '/status')).text) as { hashing: { pids: readonly number[] } };
  const pid = hashing.pids[0] ?? assert.fail('no hash process');
  const waiting = [];
  process.kill(pid, 'SIGSTOP');
  try {
    const starts = [];
    for (let i = 0; i < 3; i++) {
      const browser = new PersonBrowser();
      starts.push({ browser, ...(await browser.start(node, { now: NOW })) });
    }
    const posts = starts.map(({ browser, answer, flowPath }) => browser.login(node, flowPath ?? '', answer, 'bob'));
    const busy = await Promise.race(posts);
    assert.equal(busy.status, 503);
    assert.equal(busy.headers['retry-after'], '5');
    assert.match(busy.text, /Many people are signing in right now/);
    waiting.push(...posts);
    assert.equal(statusOf(await person.get(node, redirectPath(node, { now: NOW }))), 'Success');
    assert.equal(await metric(node, 'signet_hash_queue_length'), 1);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  const statuses = (await Promise.all(waiting)).map((answer) => answer.status).sort();
  assert.deepEqual(statuses, [200, 200, 503]);
});

const clockRows = [
  { name: 'a minute behind', behind: 60, expect: 'Success' },
  { name: 'more than a minute behind', behind: 61, expect: 'Sign in' },
] as const;
for (const row of clockRows) {
  test(`a node whose clock is ${row.name} the one that sealed the session`, async (t) => {
    const node = await nodeFor(t);
    const person = await signedIn(node);
    node.travelTo(NOW - row.behind);
    const { answer } = await person.start(node, { now: node.time.now });
    assert.equal(samlResponse(answer) === null ? heading(answer) : statusOf(answer), row.expect);
  });
}

for (const off of [-301, 301]) {
  test(`an AuthnRequest from ${off} seconds away is refused to the party`, async (t) => {
    const node = await nodeFor(t);
    const answer = await new PersonBrowser().get(node, redirectPath(node, { now: NOW + off }));
    assert.equal(statusOf(answer), 'RequestDenied');
    assert.match(node.written(), /stale-request/);
  });
}

test('no key left that may be used: the node says that it is not ready, and why', async (t) => {
  const node = await nodeFor(t);
  node.travelTo(NOW + 98 * 86_400);
  assert.deepEqual(await manage(node, '/readyz'), { status: 503, text: 'no key can seal\n' });
  assert.equal((await manage(node, '/healthz')).status, 200);
});

test('a forgotten rotation: the key of the first week goes on for three months, and /status says overdue', async (t) => {
  const node = await nodeFor(t);
  node.travelTo(NOW + 96 * 86_400);
  assert.equal((await manage(node, '/readyz')).status, 200);
  assert.match((await manage(node, '/status')).text, /"because": "overdue"/);
  assert.equal(statusOf(await new PersonBrowser().signIn(node)), 'Success');
});

test('draining: not ready, still answering, and every connection is asked to close', async (t) => {
  const node = await nodeFor(t);
  const person = await signedIn(node);
  node.node.drain();
  assert.deepEqual(await manage(node, '/readyz'), { status: 503, text: 'draining\n' });
  const answer = await person.get(node, redirectPath(node, { now: NOW }));
  assert.equal(statusOf(answer), 'Success');
  assert.equal(answer.headers.connection, 'close');
});

const forwardRows = [
  {
    name: 'the address is the last that is no proxy of ours',
    proxies: '["127.0.0.1","10.0.0.0/8"]',
    ip: '203.0.113.9',
  },
  { name: 'from a peer that is not configured: no address, said loudly, and sign-ins go on', proxies: '[]', ip: null },
] as const;
for (const row of forwardRows) {
  test(`X-Forwarded-For: ${row.name}`, async (t) => {
    const environment = { SIGNET_TRUSTED_PROXIES: row.proxies, SIGNET_THROTTLE_ENABLED: 'true' };
    const node = await nodeFor(t, { environment });
    const browser = new PersonBrowser();
    const { answer, flowPath } = await browser.start(node, { now: NOW });
    const headers = { 'X-Forwarded-For': '198.51.100.1, 203.0.113.9, 10.1.2.3', 'X-Request-Id': 'from-a-proxy' };
    const last = await browser.login(node, flowPath ?? '', answer, 'alice', undefined, headers);
    assert.equal(statusOf(last), 'Success');
    const line =
      node
        .written()
        .split('\n')
        .find((one) => one.includes('"event.action":"login"')) ?? '';
    assert.equal(line.includes('"source.ip":"203.0.113.9"'), row.ip !== null);
    assert.equal(line.includes('"source.ip"'), row.ip !== null);
    assert.equal(line.includes('"http.request.id":"from-a-proxy"'), row.ip !== null);
    assert.equal(node.written().includes('is not in trustedProxies'), row.ip === null);
  });
}

test('a Host header moves nothing: no address in an answer comes from the request', async (t) => {
  const node = await nodeFor(t);
  const browser = new PersonBrowser();
  const headers = { Host: 'evil.example', 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'gopher' };
  const begun = await browser.get(node, redirectPath(node, { now: NOW }), headers);
  assert.match(begun.headers.location ?? '', /^\/flow\/[\w-]{8}$/);
  const page = await browser.get(node, begun.headers.location ?? '', headers);
  const answer = await browser.login(node, begun.headers.location ?? '', page, 'alice', undefined, headers);
  assert.equal(statusOf(answer), 'Success');
  for (const seen of [begun, page, answer]) {
    assert.doesNotMatch(JSON.stringify(seen.headers) + seen.text + (samlResponse(seen) ?? ''), /evil|gopher/);
  }
});
