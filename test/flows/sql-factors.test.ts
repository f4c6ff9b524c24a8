// Second factors on real nodes with a real database: what is enrolled there is asked for, and used once in the cluster.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { runCli } from '../../src/cli/signet.ts';
import { isUnavailable } from '../../src/core/account.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { WEBAUTHN_FIELD } from '../../src/methods/webauthn-party.ts';
import { type App, type Enroller, openEnroller } from '../support/enroller.ts';
import { asksFor, questionOn } from '../support/factor-pages.ts';
import { at, classOf } from '../support/factor-tab.ts';
import { type Answer, NOW, type OneNode, plainSpMetadata, startOneNode } from '../support/one-node.ts';
import { formTokenOf, PersonBrowser, redirectPath, samlResponse, statusOf } from '../support/person.ts';
import { type PostgresServer, requirePostgres, startPostgres } from '../support/postgres.ts';

const MFA = 'https://refeds.org/profile/mfa';

interface World {
  readonly node: OneNode;
  readonly enroller: Enroller;
  readonly alice: string;
  readonly url: string;
  /** Nothing can be written any more, at least; and how it ends. */
  readonly takeDatabaseAway: () => Promise<() => Promise<void>>;
}

/** A node with parties `sp` (any proof) and `strong` (aal2), on a database of the kind; null when it is not installed. */
async function worldOn(
  kind: 'sqlite' | 'postgres',
  t: TestContext,
  environment: Readonly<Record<string, string>> = {},
): Promise<World | null> {
  if (kind === 'postgres' && !requirePostgres(t)) return null;
  const folder = mkdtempSync(join(tmpdir(), 'signet-sql-factors-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'signet.db');
  const server = kind === 'postgres' ? await startPostgres() : null;
  if (server !== null) t.after(() => server.close());
  const url = server === null ? `sqlite:${file}` : (await server.newDatabase()).url;
  const node = await startOneNode({
    parties: ['sp', 'strong'].map((name) => plainSpMetadata(`https://${name}.example.org`)),
    environment: { SIGNET_DATABASE_URL: url, ...environment },
  });
  t.after(() => node.close());
  const { folder: parties } = node.config.parties;
  const strong = readdirSync(parties).find((name) => name.startsWith('strong') && name.endsWith('.xml')) ?? '';
  writeFileSync(join(parties, strong.replace('.xml', '.yaml')), 'assurance: { floor: aal2 }\n');
  await node.node.parts.parties.reload();
  const enroller = openEnroller(node.config);
  t.after(() => enroller.close());
  const alice = await node.node.parts.directories.findByLoginName('alice');
  assert.ok(alice !== null && !isUnavailable(alice));
  const takeDatabaseAway = server === null ? () => lockFile(file) : () => stopServer(server);
  return { node, enroller, alice: alice.id, url, takeDatabaseAway };
}

async function lockFile(file: string): Promise<() => Promise<void>> {
  const other = new DatabaseSync(file);
  other.exec('begin exclusive');
  return async () => {
    other.exec('rollback');
    other.close();
  };
}

async function stopServer(server: PostgresServer): Promise<() => Promise<void>> {
  await server.stop();
  return () => server.start();
}

interface Tab {
  readonly browser: PersonBrowser;
  readonly path: string;
  page: Answer;
}

async function open(node: OneNode, browser: PersonBrowser, party: string): Promise<Tab> {
  const { answer, flowPath } = await browser.start(node, { now: node.time.now, ...at(party) });
  return { browser, page: answer, path: flowPath ?? assert.fail(`no page: ${statusOf(answer)}`) };
}

type Form = Readonly<Record<string, string>>;

/** Posts a form of the tab's page, to whichever node, and follows. */
async function submit(node: OneNode, tab: Tab, form: Form, headers: Form = {}): Promise<Answer> {
  const posted = await tab.browser.post(node, tab.path, { form_token: formTokenOf(tab.page), ...form }, headers);
  tab.page = posted.status === 303 ? await tab.browser.get(node, posted.headers.location ?? '') : posted;
  return tab.page;
}

const password = (node: OneNode, tab: Tab): Promise<Answer> =>
  submit(node, tab, { username: 'alice', password: 'correct horse battery' });

const code = (node: OneNode, tab: Tab, app: App, headers: Form = {}): Promise<Answer> =>
  submit(node, tab, { method: 'totp', code: app.codeAt(node.time.now) }, headers);

for (const kind of ['sqlite', 'postgres'] as const) {
  test(`${kind}: password and app, step-up, passkey without a name, recovery code`, async (t) => {
    const world = await worldOn(kind, t);
    if (world === null) return;
    const { node, enroller, alice } = world;
    const app = await enroller.giveApp(alice);

    const first = await open(node, new PersonBrowser(), 'strong');
    assert.ok(asksFor(await password(node, first), 'totp'), first.page.text);
    assert.equal(classOf(await code(node, first, app)), MFA);

    // A session with the password alone: the second party asks for the code and for nothing else.
    node.travelTo(NOW + 60);
    const browser = new PersonBrowser();
    await browser.signIn(node);
    const stepUp = await open(node, browser, 'strong');
    assert.ok(asksFor(stepUp.page, 'totp'), stepUp.page.text);
    assert.equal(classOf(await code(node, stepUp, app)), MFA);

    const key = await enroller.giveKey(alice, node.time.now);
    const nameless = await open(node, new PersonBrowser(), 'strong');
    const answer = key.answer(questionOn(nameless.page));
    assert.equal(classOf(await submit(node, nameless, { method: 'webauthn', [WEBAUTHN_FIELD]: answer })), MFA);

    const [recovery = ''] = await enroller.giveRecoveryCodes(alice, node.time.now);
    for (const works of [true, false]) {
      const tab = await open(node, new PersonBrowser(), 'strong');
      await password(node, tab);
      await submit(node, tab, { choose: 'recovery-code' });
      assert.ok(asksFor(tab.page, 'recovery-code'), tab.page.text);
      const done = await submit(node, tab, { method: 'recovery-code', code: recovery });
      assert.equal(samlResponse(done) !== null, works, done.text);
    }
  });

  // RFC 6238 §5.2: a code is accepted once, by whichever node.
  test(`${kind}: a code is used up on every node at once; a balancer's repeat of its request is not a second use`, async (t) => {
    const world = await worldOn(kind, t);
    if (world === null) return;
    const { node, enroller, alice } = world;
    const other = await node.sibling();
    t.after(() => other.close());
    const app = await enroller.giveApp(alice);
    const tab = await open(node, new PersonBrowser(), 'strong');
    await password(node, tab);
    const thief = { ...(await open(node, new PersonBrowser(), 'strong')) };
    await password(node, thief);
    const died = { ...tab, browser: tab.browser.copy() };

    const request = { 'X-Request-Id': 'one' };
    const first = await code(node, tab, app, request);
    assert.equal(classOf(first), MFA);
    // The node committed and died before its answer left: the balancer asks another one, with the same id.
    const repeated = await code(other, died, app, request);
    assert.equal(classOf(repeated), MFA);
    const [index, again] = [first, repeated].map((one) => /SessionIndex="([^"]+)"/.exec(samlResponse(one) ?? '')?.[1]);
    assert.ok(index !== undefined);
    assert.equal(again, index, 'the same session');
    const replayed = await code(other, thief, app, { 'X-Request-Id': 'two' });
    assert.equal(samlResponse(replayed), null);
    assert.ok(asksFor(replayed, 'totp'));
  });

  test(`${kind}: while nothing can be written a code gets a 503, and the attempt goes on where it was`, async (t) => {
    const world = await worldOn(kind, t);
    if (world === null) return;
    const { node, enroller, alice } = world;
    const app = await enroller.giveApp(alice);
    const tab = await open(node, new PersonBrowser(), 'strong');
    assert.ok(asksFor(await password(node, tab), 'totp'));
    const shown = tab.page;
    // Another node goes on, one that soon gives up.
    const hasty = await node.sibling({ SIGNET_DATABASE_STATEMENT_TIMEOUT: '1' });
    t.after(() => hasty.close());
    const bringBack = await world.takeDatabaseAway();
    const down = await code(hasty, tab, app);
    assert.equal(down.status, 503);
    assert.equal(samlResponse(down), null);
    await bringBack();
    tab.page = shown;
    const done = await code(hasty, tab, app);
    assert.equal(classOf(done), MFA);
  });
}

test('what can be had follows the configuration', async (t) => {
  const plain = await startOneNode();
  t.after(() => plain.close());
  const { answer } = await new PersonBrowser().start(plain, { now: NOW });
  assert.doesNotMatch(answer.text, /data-webauthn/, 'no database, no passkeys');
  const off = await worldOn('sqlite', t, { SIGNET_WEBAUTHN_ENABLED: 'false' });
  const tab = await open(off?.node ?? assert.fail(), new PersonBrowser(), 'strong');
  assert.doesNotMatch(tab.page.text, /data-webauthn/);
});

// NIST SP 800-63B-4 §3.2.13: makers' roots were taken out of the configuration. What they vouched for is a passkey still.
test('a key that counted as attested is asked for as a passkey where no maker is trusted any more', async (t) => {
  const { node, enroller, alice, url } = (await worldOn('sqlite', t)) ?? assert.fail();
  await enroller.giveKey(alice, NOW);
  const file = new DatabaseSync(url.slice('sqlite:'.length));
  file.exec(`update credentials set details = replace(details, '"attested":false', '"attested":true')`);
  file.close();
  const [enrolled] = (await enroller.setOf(alice)).credentials;
  assert.ok(enrolled?.data.kind === 'webauthn' && enrolled.data.attested);
  const tab = await open(node, new PersonBrowser(), 'strong');
  assert.ok(asksFor(await password(node, tab), 'webauthn'), tab.page.text);
});

// sealing.md §2, Lineage: a session forged under a leaked key must not leave an authenticator behind.
test('what was enrolled under a sealer key that was revoked since is not asked for', async (t) => {
  const { node, enroller, alice } = (await worldOn('sqlite', t)) ?? assert.fail();
  const { keyring } = node.node.parts;
  const kid = keyring.current().keys[0]?.kid ?? assert.fail();
  const forged = await enroller.giveApp(alice, [kid]);
  const before = await open(node, new PersonBrowser(), 'strong');
  assert.ok(asksFor(await password(node, before), 'totp'));
  await signet(node, ['keys', 'revoke', '--all', '--replace', '--reason', 'leak', '--file', node.config.keyring.file]);
  node.travelTo(NOW + 10);
  const tab = await open(node, new PersonBrowser(), 'strong');
  const refused = await password(node, tab);
  assert.ok(!asksFor(refused, 'totp'));
  assert.equal(statusOf(refused), 'NoAuthnContext');
  assert.equal(samlResponse(await code(node, before, forged)), null);
  const [row] = (await enroller.setOf(alice)).credentials;
  assert.equal(row?.disabled, false, 'the row itself is the command’s to disable, with a database to do it in');
});

// CWE-613: whoever took the factors over may be signed in with them.
test('a session ends on every node when what it was proved with is taken away by an operator', async (t) => {
  const { node, enroller, alice, url } = (await worldOn('sqlite', t)) ?? assert.fail();
  const other = await node.sibling();
  t.after(() => other.close());
  const app = await enroller.giveApp(alice);
  const tab = await open(node, new PersonBrowser(), 'strong');
  await password(node, tab);
  assert.equal(classOf(await code(node, tab, app)), MFA);
  const back = (one: OneNode): Promise<Answer> => tab.browser.copy().get(one, redirectPath(one, { now: NOW }));
  for (const one of [node, other]) assert.equal(statusOf(await back(one)), 'Success');
  const args = ['users', 'reset-factors', 'alice', '--config', join(node.config.folder, 'signet.yaml')];
  await signet(node, args, { SIGNET_DATABASE_URL: url });
  for (const one of [node, other]) {
    await one.node.parts.revocations.poll();
    assert.equal((await back(one)).status, 303, 'asked to sign in again');
  }
});

/** A command, on the node's clock. */
async function signet({ time }: OneNode, args: readonly string[], environment: Form = {}): Promise<void> {
  const written: string[] = [];
  const exit = await runCli(args, {
    out: () => {},
    err: (text) => written.push(text),
    readStdin: async () => '',
    askSecret: async () => null,
    clock: () => time.now,
    random: systemRandom(),
    environment,
  });
  assert.equal(exit, 0, written.join(''));
}
