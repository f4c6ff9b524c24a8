// Whole sign-ins with a database: what then holds for all nodes, and what goes on while it is down. The rows of the
// outage table of docs/operations.md that are about the database are driven here.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCli } from '../../src/cli/signet.ts';
import { createSqlCredentials } from '../../src/directories/sql-credentials.ts';
import { encodeBase64url } from '../../src/lib/base64url.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { readParticipants } from '../../src/state/sql-participants.ts';
import { createSqlSessions } from '../../src/state/sql-sessions.ts';
import { APP, newTicket } from '../support/cas.ts';
import { up } from '../support/databases.ts';
import { manage } from '../support/management.ts';
import {
  NOW,
  type OneNode,
  type OneNodeOptions,
  PASSWORD,
  plainSpMetadata,
  startOneNode,
} from '../support/one-node.ts';
import { authnRequest, heading, PersonBrowser, redirectPath, samlResponse, statusOf } from '../support/person.ts';
import { type PostgresServer, requirePostgres, startPostgres } from '../support/postgres.ts';

let server: PostgresServer | null = null;
after(() => server?.close());

const KINDS = ['sqlite', 'postgres'] as const;
/** For the tests that take the database away: nothing else is in a hurry. */
const QUICK = { SIGNET_DATABASE_CONNECT_TIMEOUT: '1', SIGNET_DATABASE_STATEMENT_TIMEOUT: '1' };

async function urlOf(kind: (typeof KINDS)[number]): Promise<'sqlite' | `postgres://${string}`> {
  if (kind === 'sqlite') return 'sqlite';
  server ??= await startPostgres();
  return (await server.newDatabase()).url as `postgres://${string}`;
}

async function nodeFor(
  t: TestContext,
  kind: (typeof KINDS)[number],
  environment: Readonly<Record<string, string>> = {},
  options: OneNodeOptions = {},
): Promise<OneNode | null> {
  if (kind === 'postgres' && !requirePostgres(t)) return null;
  const database = await urlOf(kind);
  const node = await startOneNode({ ...options, database, environment });
  t.after(() => node.close());
  return node;
}

async function siblingOf(
  t: TestContext,
  node: OneNode,
  environment: Readonly<Record<string, string>> = {},
): Promise<OneNode> {
  const sibling = await node.sibling(environment);
  t.after(() => sibling.close());
  return sibling;
}

const poll = (...nodes: readonly OneNode[]) => Promise.all(nodes.map(({ node }) => node.parts.revocations.poll()));

/**
 * How often each question was put to the database so far, but for the polling of revocations, what is written behind the
 * answers, and the serials of keyrings, which a node that starts writes down while it serves already.
 */
async function questions(node: OneNode): Promise<ReadonlyMap<string, number>> {
  const { text } = await manage(node, '/metrics');
  const lines = text.matchAll(/^signet_backend_request_duration_seconds_count\{.*operation="([^"]+)".*\} (\d+)$/gm);
  const counts = [...lines].map(([, operation = '', count]) => [operation, Number(count)] as const);
  return new Map(counts.filter(([name]) => !/^(?:revocations|audit-write|participants-write|meta)$/.test(name)));
}

/** The operations that were asked for between the two, once for each time. */
function askedSince(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): readonly string[] {
  return [...now].flatMap(([name, count]) => Array<string>(count - (before.get(name) ?? 0)).fill(name));
}

const sso = async (node: OneNode, person: PersonBrowser): Promise<string | undefined> => {
  const answer = await person.get(node, redirectPath(node, { now: node.time.now }));
  return samlResponse(answer) === null ? undefined : statusOf(answer);
};

for (const kind of KINDS) {
  test(`${kind}: a session of one node counts on another; signing out ends a stolen copy everywhere`, async (t) => {
    const node = await nodeFor(t, kind);
    if (node === null) return;
    const other = await siblingOf(t, node);
    const person = new PersonBrowser();
    assert.equal(statusOf(await person.signIn(node)), 'Success');
    assert.equal(await sso(other, person), 'Success');
    const stolen = person.copy();
    const page = await person.get(node, '/logout');
    const [, token = ''] = /name="form_token" value="([^"]+)"/.exec(page.text) ?? [];
    assert.equal((await person.post(node, '/logout', { form_token: token })).status, 200);
    await poll(other);
    assert.equal(await sso(other, stolen), undefined);
    assert.equal(await sso(node, stolen), undefined);
  });

  // CWE-294: what one node has answered is not answered by another.
  test(`${kind}: a finished login cannot be finished again on another node; a balancer’s repeat can`, async (t) => {
    const node = await nodeFor(t, kind);
    if (node === null) return;
    const other = await siblingOf(t, node);
    const person = new PersonBrowser();
    const { answer: page, flowPath } = await person.start(node, { now: NOW, forceAuthn: true });
    assert.ok(flowPath !== null);
    const [older, repeat] = [person.copy(), person.copy()];
    const headers = { 'X-Request-Id': 'proxy-1' };
    assert.equal(statusOf(await person.login(node, flowPath, page, 'alice', PASSWORD, headers)), 'Success');
    assert.equal(statusOf(await repeat.login(other, flowPath, page, 'alice', PASSWORD, headers)), 'Success');
    const again = await older.login(other, flowPath, page, 'alice', PASSWORD, { 'X-Request-Id': 'proxy-2' });
    assert.deepEqual([samlResponse(again), again.status], [null, 410]);
  });

  test(`${kind}: twenty at once over two nodes finish a login once`, async (t) => {
    const node = await nodeFor(t, kind);
    if (node === null) return;
    const other = await siblingOf(t, node);
    const person = new PersonBrowser();
    const { answer: page, flowPath } = await person.start(node, { now: NOW, forceAuthn: true });
    assert.ok(flowPath !== null);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        person.copy().login(n % 2 === 0 ? node : other, flowPath, page, 'alice', PASSWORD, { 'X-Request-Id': `r${n}` }),
      ),
    );
    assert.equal(answers.filter((answer) => samlResponse(answer) !== null).length, 1);
  });

  test(`${kind}: wrong passwords are counted over all nodes`, async (t) => {
    const node = await nodeFor(t, kind);
    if (node === null) return;
    const other = await siblingOf(t, node);
    const status = async (at: OneNode): Promise<number> => {
      const person = new PersonBrowser();
      const { answer: page, flowPath } = await person.start(at, { now: NOW });
      assert.ok(flowPath !== null);
      return (await person.login(at, flowPath, page, 'alice', 'wrong password')).status;
    };
    const statuses = [];
    for (let n = 0; n < 5; n += 1) statuses.push(await status(n % 2 === 0 ? node : other));
    assert.deepEqual(statuses, [303, 303, 303, 303, 303]);
    assert.deepEqual([await status(node), await status(other)], [429, 429]);
  });

  test(`${kind}: single sign-on asks no database, by Redirect or by POST`, async (t) => {
    const node = await nodeFor(t, kind);
    if (node === null) return;
    const person = new PersonBrowser();
    await person.signIn(node);
    const before = await questions(node);
    for (let n = 0; n < 5; n += 1) assert.equal(await sso(node, person), 'Success');
    const message = Buffer.from(authnRequest(node, { now: NOW })).toString('base64');
    const posted = await person.postFromElsewhere(node, '/saml/idp/sso', { SAMLRequest: message });
    const answer = await person.get(node, posted.headers.location ?? '');
    assert.equal(statusOf(answer), 'Success');
    assert.deepEqual(askedSince(before, await questions(node)), []);
    // Once in a period, whatever happens.
    node.travelTo(NOW + 300);
    for (let n = 0; n < 5; n += 1) assert.equal(await sso(node, person), 'Success');
    assert.deepEqual(askedSince(before, await questions(node)), ['user-by-id']);
  });

  test(`${kind}: a login is listed with where it came from, and the list says when it was ended`, async (t) => {
    const node = await nodeFor(t, kind);
    if (node === null) return;
    const person = new PersonBrowser();
    const { answer: page, flowPath } = await person.start(node, { now: NOW });
    await person.login(node, flowPath ?? '', page, 'alice', PASSWORD, { 'User-Agent': 'Lynx' });
    const { database } = node.node.parts.shared;
    assert.ok(database !== null);
    const [row] = up(await createSqlSessions(database).list(null, { live: true, limit: 10 }, NOW));
    assert.deepEqual([row?.methods, row?.userAgent, row?.createdAt, row?.endedAt], [['password'], 'Lynx', NOW, null]);
  });

  test(`${kind}: where a session led is listed, once each, and written behind the answers`, async (t) => {
    const parties = ['https://sp.example.org', 'https://two.example.org'].map((sp) => plainSpMetadata(sp));
    const node = await nodeFor(t, kind, {}, { parties, services: [{ url: APP }] });
    if (node === null) return;
    const person = new PersonBrowser();
    await person.signIn(node);
    node.travelTo(NOW + 10);
    const to = (sp: string) => person.get(node, redirectPath(node, { now: NOW + 10, sp }));
    for (const sp of ['https://two.example.org', 'https://sp.example.org', 'https://two.example.org']) {
      assert.equal(statusOf(await to(sp)), 'Success');
    }
    node.travelTo(NOW + 20);
    await newTicket(node, { service: APP }, person);
    const { participants } = node.node.parts.shared;
    await participants?.close();
    assert.equal(participants?.lost(), 0);
    const { database } = node.node.parts.shared;
    assert.ok(database !== null);
    const [row] = up(await createSqlSessions(database).list(null, { live: true, limit: 10 }, NOW));
    const sid = encodeBase64url(row?.sid ?? new Uint8Array());
    assert.deepEqual(
      [...up(await readParticipants(database, [sid, 'x']))],
      [[sid, ['saml:https://sp.example.org/metadata', 'saml:https://two.example.org/metadata', `cas:${APP}`]]],
    );
  });

  test(`${kind}: the database does not take where sessions led: nobody waits, nothing fails, and it is counted`, async (t) => {
    const node = await nodeFor(t, kind);
    if (node === null) return;
    const { database, participants } = node.node.parts.shared;
    await database?.ask('drop', (queries) => queries.schema.dropTable('session_participants').execute());
    const person = new PersonBrowser();
    assert.equal(statusOf(await person.signIn(node)), 'Success');
    await participants?.close();
    assert.equal(await sso(node, person), 'Success');
    for (let n = 0; n < 10_005; n += 1) {
      participants?.joined({ sid: Buffer.alloc(16, n), relyingParty: 'saml:x', at: NOW, expiresAt: NOW });
    }
    const { text } = await manage(node, '/metrics');
    assert.match(text, /signet_journal_rows_lost\{journal="participants"\} 6\n/);
    assert.match(text, /signet_journal_rows_lost\{journal="audit"\} 0\n/);
  });

  test(`${kind}: what was enrolled under a key is disabled on a node that starts after it was revoked`, async (t) => {
    const node = await nodeFor(t, kind);
    if (node === null) return;
    const { keyring, shared } = node.node.parts;
    assert.ok(shared.database !== null);
    const store = createSqlCredentials(shared.database);
    const kid = keyring.status().primary?.kid ?? '';
    const app = { label: '', createdAt: NOW, data: { kind: 'totp', secret: 'x', lastStep: 0 } } as const;
    await store.add('a-1', { ...app, id: 'under', lineage: [kid] }, 0);
    await store.add('a-1', { ...app, id: 'other', lineage: [] }, 1);
    const args = ['--replace', '--reason', 'leak', '--config', join(node.config.folder, 'signet.yaml')];
    let said = '';
    const tell = (text: string): void => {
      said += text;
    };
    const silent = { out: tell, err: tell, readStdin: async () => '', askSecret: async () => null };
    const io = { ...silent, clock: () => NOW, random: systemRandom(), environment: {} };
    assert.equal(await runCli(['keys', 'revoke', '--all', ...args], io), 0, said);
    const fresh = await siblingOf(t, node);
    for (let n = 0; n < 100 && !fresh.written().includes('revoked key are disabled'); n += 1) await sleep(20);
    const set = up(await store.list('a-1'));
    assert.deepEqual(set.credentials.map(({ id, disabled }) => [id, disabled]).sort(), [
      ['other', false],
      ['under', true],
    ]);
  });

  test(`${kind}: a keyring from before a rotation is refused by a new node`, async (t) => {
    const node = await nodeFor(t, kind);
    if (node === null) return;
    const { database } = node.node.parts.shared;
    await database?.ask('meta', (queries) => queries.updateTable('meta').set({ value: '17' }).execute());
    await assert.rejects(node.sibling(), /serial/);
  });
}

/** A node on a server of its own, which the test stops. */
async function onOwnServer(t: TestContext, environment: Readonly<Record<string, string>> = {}) {
  if (!requirePostgres(t)) return null;
  const own = await startPostgres();
  t.after(() => own.close());
  const { url } = await own.newDatabase();
  const database = url as `postgres://${string}`;
  const node = await startOneNode({ database, environment: { ...QUICK, ...environment } });
  t.after(() => node.close());
  return { own, node };
}

test('the database stops in mid-login: 503 and a page, nothing is lost, and it goes on when it is back', async (t) => {
  const stage = await onOwnServer(t);
  if (stage === null) return;
  const { own, node } = stage;
  const [there, person] = [new PersonBrowser(), new PersonBrowser()];
  await there.signIn(node, 'bob');
  const { answer: page, flowPath } = await person.start(node, { now: NOW });
  assert.ok(flowPath !== null);
  await own.stop();
  const refused = await person.login(node, flowPath, page);
  assert.equal(refused.status, 503);
  assert.equal(samlResponse(refused), null);
  assert.doesNotMatch(refused.text, /ECONN|postgres|terminat|\bat\b.*\.ts/i);
  assert.equal(await sso(node, there), 'Success', 'who is remembered goes on');
  assert.equal((await manage(node, '/readyz')).status, 200, 'all nodes would go at once');
  assert.match((await manage(node, '/metrics')).text, /signet_backend_up\{backend="database"\} 0/);
  assert.match(node.written(), /cannot be asked \((connection|timeout)\)/);
  await own.start();
  node.travelTo(NOW + 2);
  assert.equal(statusOf(await person.login(node, flowPath, page)), 'Success');
  assert.match((await manage(node, '/metrics')).text, /signet_backend_up\{backend="database"\} 1/);
});

test('the database is down for over five minutes: sessions do not count any more, and a page says so', async (t) => {
  const stage = await onOwnServer(t);
  if (stage === null) return;
  const { own, node } = stage;
  const person = new PersonBrowser();
  await person.signIn(node);
  await own.stop();
  node.travelTo(NOW + 299);
  assert.equal(await sso(node, person), 'Success');
  node.travelTo(NOW + 301);
  await poll(node);
  // revocations.failMode reauth: what was ended is not known any more. And nobody can sign in.
  const { answer } = await person.start(node, { now: node.time.now });
  assert.deepEqual([answer.status, heading(answer)], [503, 'Signing in does not work at the moment']);
  await own.start();
  node.travelTo(NOW + 310);
  await poll(node);
  assert.equal(await sso(node, person), 'Success');
});

test('failMode open: single sign-on for an hour, and then a page with 503', async (t) => {
  const stage = await onOwnServer(t, { SIGNET_REVOCATIONS_FAIL_MODE: 'open', SIGNET_SESSION_IDLE: '43200' });
  if (stage === null) return;
  const { own, node } = stage;
  const person = new PersonBrowser();
  await person.signIn(node);
  await own.stop();
  node.travelTo(NOW + 3599);
  assert.equal(await sso(node, person), 'Success');
  node.travelTo(NOW + 3600);
  const late = await person.get(node, redirectPath(node, { now: node.time.now }));
  assert.equal(statusOf(late), 'AuthnFailed');
  await own.start();
  node.travelTo(NOW + 3620);
  assert.equal(await sso(node, person), 'Success');
});

test('a person signs out while the database is down: this node knows, the others when it is back', async (t) => {
  const stage = await onOwnServer(t);
  if (stage === null) return;
  const { own, node } = stage;
  const other = await siblingOf(t, node);
  const person = new PersonBrowser();
  await person.signIn(node);
  const stolen = person.copy();
  assert.equal(await sso(other, stolen), 'Success');
  const page = await person.get(node, '/logout');
  await own.stop();
  const [, token = ''] = /name="form_token" value="([^"]+)"/.exec(page.text) ?? [];
  assert.equal((await person.post(node, '/logout', { form_token: token })).status, 200);
  assert.equal(await sso(node, stolen), undefined);
  assert.match(node.written(), /wait until the database can be written to/);
  await own.start();
  node.travelTo(NOW + 5);
  await poll(node);
  await poll(other);
  assert.equal(await sso(other, stolen), undefined);
});

test('a node that starts while the database is down is not ready, and becomes so by itself', async (t) => {
  const stage = await onOwnServer(t);
  if (stage === null) return;
  const { own, node } = stage;
  const person = new PersonBrowser();
  await person.signIn(node);
  await own.stop();
  const fresh = await siblingOf(t, node);
  const { status, text } = await manage(fresh, '/readyz');
  assert.deepEqual([status, /revocation feed has never been read/.test(text)], [503, true]);
  await own.start();
  fresh.travelTo(NOW + 5);
  await poll(fresh);
  assert.equal((await manage(fresh, '/readyz')).status, 200);
  assert.equal(await sso(fresh, person), 'Success');
});

test('the database is slow: a sign-in gives up with 503 after the statement timeout; single sign-on does not wait', async (t) => {
  const stage = await onOwnServer(t);
  if (stage === null) return;
  const { own, node } = stage;
  const [there, person] = [new PersonBrowser(), new PersonBrowser()];
  await there.signIn(node, 'bob');
  const { answer: page, flowPath } = await person.start(node, { now: NOW });
  const holder = await own.connect('t0');
  await holder.query('begin; lock table users, spent in access exclusive mode');
  const began = performance.now();
  const waiting = person.login(node, flowPath ?? '', page);
  await sleep(100);
  const ssoBegan = performance.now();
  assert.equal(await sso(node, there), 'Success');
  assert.ok(performance.now() - ssoBegan < 500);
  assert.equal((await waiting).status, 503);
  assert.ok(performance.now() - began < 5000);
  assert.match(node.written(), /cannot be asked \(timeout\)/);
  await holder.query('rollback');
  await holder.end();
  assert.equal(statusOf(await person.login(node, flowPath ?? '', page)), 'Success');
});

test('every connection is in use: 503 after the connect timeout, and it goes on when one is free', async (t) => {
  const stage = await onOwnServer(t, { SIGNET_DATABASE_POOL_SIZE: '1', SIGNET_DATABASE_STATEMENT_TIMEOUT: '5' });
  if (stage === null) return;
  const { own, node } = stage;
  const person = new PersonBrowser();
  const { answer: page, flowPath } = await person.start(node, { now: NOW });
  const holder = await own.connect('t0');
  await holder.query('begin; lock table meta in access exclusive mode');
  const { database } = node.node.parts.shared;
  const held = database?.ask('held', (queries) => queries.selectFrom('meta').selectAll().execute());
  await sleep(50);
  assert.equal((await person.login(node, flowPath ?? '', page)).status, 503);
  await holder.query('rollback');
  await holder.end();
  await held;
  assert.equal(statusOf(await person.login(node, flowPath ?? '', page)), 'Success');
});
