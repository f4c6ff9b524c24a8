// What the suite does not ask: configuration, faults and attacks, against a real OpenLDAP. Each test has people of its own.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { Attribute, Change, Control } from 'ldapts';
import { isUnavailable } from '../../src/core/account.ts';
import { ProblemsError } from '../../src/lib/problems.ts';
import { personCalled, verify } from '../suites/directory-suite.ts';
import {
  addLdapGroup,
  addLdapPerson,
  ldapSettings,
  openLdapDirectory,
  settingsFor,
  type WatchedDirectory,
} from '../support/ldap-people.ts';
import {
  GROUPS,
  LDAP_BASE,
  makeCertificate,
  OPENLDAP_TOOLS,
  type OpenLdap,
  PEOPLE,
  SEARCH_DN,
  SEARCH_PASSWORD,
  startOpenLdap,
} from '../support/openldap.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { requireTool } from '../support/tools.ts';

const PASSWORD = 'correct horse battery';
const DOWN = { unavailable: true };
let server: OpenLdap | null = null;
let skipped: string | undefined;
before(async () => {
  const skip = (reason?: string) => {
    skipped = reason;
  };
  if (OPENLDAP_TOOLS.every((tool) => requireTool({ skip }, tool))) server = await startOpenLdap();
});
after(async () => server?.close());

const withServer = (name: string, run: (server: OpenLdap, t: TestContext) => Promise<void>) =>
  test(name, async (t) => (server === null ? t.skip(skipped) : run(server, t)));

/** Opened for one test. */
function watched(t: TestContext, ...given: Parameters<typeof openLdapDirectory>): WatchedDirectory {
  const opened = openLdapDirectory(...given);
  t.after(() => opened.directory.close());
  return opened;
}
const told = ({ events }: WatchedDirectory) =>
  events.map((event) => ('because' in event ? event.because : event.kind)).join('; ');
async function proxyTo(t: TestContext, port: number) {
  const proxy = await startTcpProxy(port);
  t.after(() => proxy.close());
  return { proxy, url: `ldap://127.0.0.1:${proxy.port}` };
}
const plain = (url: string) => ({ urls: [url], caFile: undefined });

withServer('a person who is renamed and moved keeps the id; the old name is nobody', async (ldap, t) => {
  const { directory } = watched(t, settingsFor(ldap));
  const dn = await addLdapPerson(ldap, { uid: 'maiden', password: PASSWORD });
  const before = await personCalled(directory, 'maiden');
  await ldap.admin.modify(
    dn,
    new Change({ operation: 'replace', modification: new Attribute({ type: 'uid', values: ['married'] }) }),
  );
  await ldap.admin.modifyDN(dn, 'cn=married');
  assert.equal((await personCalled(directory, 'married')).id, before.id);
  assert.equal(await directory.findByLoginName('maiden'), null);
  const byId = await directory.findById(before.id);
  assert.ok(byId !== null && !isUnavailable(byId) && byId.loginName === 'married');
  // Found before the renaming: the bind goes to where the person was, and nobody is there.
  assert.equal(await directory.check.bind(before, PASSWORD), 'mismatch');
});

withServer('an account that another part of the node remembers is looked up before its bind', async (ldap, t) => {
  await addLdapPerson(ldap, { uid: 'cached', password: PASSWORD });
  const { directory } = watched(t, settingsFor(ldap));
  const remembered = { ...(await personCalled(directory, 'cached')) };
  assert.equal(await directory.check.bind(remembered, PASSWORD), 'match');
  assert.equal(await directory.check.bind({ ...remembered, id: 'somebody-else' }, PASSWORD), 'mismatch');
});

withServer('several login attributes; the first is the name', async (ldap, t) => {
  await addLdapPerson(ldap, {
    uid: 'carla',
    password: PASSWORD,
    attributes: { mail: ['c@example.org', 'carla@example.org'] },
  });
  const { directory } = watched(t, settingsFor(ldap, { loginAttributes: ['uid', 'mail'] }));
  for (const typed of ['carla', 'CARLA@example.org', 'c@example.org']) {
    assert.equal((await personCalled(directory, typed)).loginName, 'carla');
  }
  assert.equal((await verify(directory, 'carla@example.org', PASSWORD)).kind, 'proved');
});

withServer('two entries for one name are an outage for it, not a choice', async (ldap, t) => {
  for (const cn of ['twin one', 'twin two']) await addLdapPerson(ldap, { uid: 'twin', cn, password: PASSWORD });
  const opened = watched(t, settingsFor(ldap));
  assert.deepEqual(await opened.directory.findByLoginName('twin'), DOWN);
  assert.match(told(opened), /2 entries for one login name, among them cn=twin/);
  assert.equal((await verify(opened.directory, 'twin', PASSWORD)).kind, 'unavailable');
  await ldap.admin.del(`cn=twin two,${PEOPLE}`);
  assert.equal((await verify(opened.directory, 'twin', PASSWORD)).kind, 'proved');
});

withServer('the same mail address at two people is an outage where it is a login name', async (ldap, t) => {
  for (const uid of ['mail1', 'mail2']) await addLdapPerson(ldap, { uid, attributes: { mail: 'shared@example.org' } });
  const { directory } = watched(t, settingsFor(ldap, { loginAttributes: ['uid', 'mail'] }));
  assert.deepEqual(await directory.findByLoginName('shared@example.org'), DOWN);
  assert.equal((await personCalled(directory, 'mail1')).loginName, 'mail1');
});

// Whoever counts attempts and compares directories must mean the same name as the server.
withServer('what the server takes for the typed name, and this node does not, is nobody', async (ldap, t) => {
  await addLdapPerson(ldap, { uid: 'dialled', password: PASSWORD, attributes: { telephoneNumber: '+49 30 1234' } });
  const { directory } = watched(t, settingsFor(ldap, { loginAttributes: ['telephoneNumber'] }));
  assert.equal((await personCalled(directory, '+49 30 1234')).loginName, '+49 30 1234');
  for (const typed of ['+49301234', '+49-30-1234', '+4 9 3 0 1 2 3 4']) {
    assert.equal(await directory.findByLoginName(typed), null);
  }
});

withServer('who the filter leaves out is nobody, also by id', async (ldap, t) => {
  await addLdapPerson(ldap, { uid: 'former', password: PASSWORD, attributes: { employeeType: 'former' } });
  const { id } = await personCalled(watched(t, settingsFor(ldap)).directory, 'former');
  const { directory } = watched(t, settingsFor(ldap, { filter: '(&(objectClass=person)(!(employeeType=former)))' }));
  assert.equal(await directory.findByLoginName('former'), null);
  assert.equal(await directory.findById(id), null);
});

const groupRows: readonly (readonly [string, Readonly<Record<string, unknown>>, readonly string[]])[] = [
  ['memberOf', { from: 'memberOf' }, ['admins', 'teachers, all']],
  [
    'memberOf, whole DNs',
    { from: 'memberOf', as: 'dn' },
    [`cn=admins,ou=club,${GROUPS}`, `cn=teachers\\2C all,${GROUPS}`],
  ],
  // An organisational unit that others run may have a group that is called like one of ours.
  ['memberOf, below a base', { from: 'memberOf', base: `OU=Club, ${GROUPS}` }, ['admins']],
  ['a search', { from: 'search' }, ['admins', 'teachers, all']],
  ['a search below a base', { from: 'search', base: `ou=club,${GROUPS}` }, ['admins']],
  ['a search with a filter', { from: 'search', filter: '(cn=teachers*)' }, ['teachers, all']],
  [
    'a search by login name',
    { from: 'search', memberAttribute: 'businessCategory', memberIs: 'loginName' },
    ['by name'],
  ],
  [
    'a search, named by another attribute',
    { from: 'search', nameAttribute: 'description', filter: '(description=*)' },
    ['die Lehrer'],
  ],
  ['none', { from: 'none' }, []],
];
withServer('groups, by every way', async (ldap, t) => {
  const dn = await addLdapPerson(ldap, { uid: 'dora' });
  const club = `ou=club,${GROUPS}`;
  await ldap.admin.add(club, { objectClass: 'organizationalUnit', ou: 'club' });
  await addLdapGroup(ldap, 'admins', [dn], club);
  await addLdapGroup(ldap, 'teachers, all', [dn]);
  await addLdapGroup(ldap, 'by name', [SEARCH_DN]);
  const set = (group: string, type: string, value: string) =>
    ldap.admin.modify(
      `cn=${group},${GROUPS}`,
      new Change({ operation: 'add', modification: new Attribute({ type, values: [value] }) }),
    );
  await set('by name', 'businessCategory', 'dora');
  await set('teachers\\, all', 'description', 'die Lehrer');
  for (const [name, groups, expected] of groupRows) {
    const { directory } = watched(t, settingsFor(ldap, { groups }));
    assert.deepEqual([...(await personCalled(directory, 'dora')).groups].sort(), expected, name);
  }
});

withServer('what is mapped, and nothing else; what cannot be told is left out', async (ldap, t) => {
  const attributes = {
    description: 'line one\nline two',
    title: ['a', 'b'],
    mail: 'e@example.org',
    telephoneNumber: '+1',
  };
  await addLdapPerson(ldap, { uid: 'emil', attributes });
  const { directory } = watched(
    t,
    settingsFor(ldap, { attributes: { role: 'title', Mail: 'MAIL', note: 'description', none: 'carLicense' } }),
  );
  const found = await personCalled(directory, 'emil');
  assert.deepEqual(
    found.attributes,
    new Map([
      ['role', ['a', 'b']],
      ['Mail', ['e@example.org']],
    ]),
  );
});

const POLICY = { objectClass: ['device', 'pwdPolicy'], pwdAttribute: 'userPassword' };
withServer('locked, expired and to be changed are told apart for the audit, and prove nothing', async (ldap, t) => {
  await ldap.admin.add(`cn=locking,${LDAP_BASE}`, { ...POLICY, cn: 'locking', pwdLockout: 'TRUE', pwdMaxFailure: '2' });
  await ldap.admin.add(`cn=ageing,${LDAP_BASE}`, { ...POLICY, cn: 'ageing', pwdMaxAge: '1' });
  await ldap.admin.add(`cn=reset,${LDAP_BASE}`, { ...POLICY, cn: 'reset', pwdMustChange: 'TRUE' });
  const under = (policy: string) => ({ pwdPolicySubentry: `cn=${policy},${LDAP_BASE}` });
  await addLdapPerson(ldap, { uid: 'lotte', password: PASSWORD, attributes: under('locking') });
  await addLdapPerson(ldap, { uid: 'otto', password: PASSWORD, attributes: under('ageing') });
  await addLdapPerson(ldap, { uid: 'rosa', password: PASSWORD, attributes: { ...under('reset'), pwdReset: 'TRUE' } });
  await addLdapPerson(ldap, { uid: 'ending', password: PASSWORD, attributes: { pwdEndTime: '20260101000000Z' } });
  const { directory } = watched(t, settingsFor(ldap));
  const because = async (name: string, password: string) => {
    const outcome = await verify(directory, name, password);
    return outcome.kind === 'failed' ? [outcome.because, outcome.failure.kind] : [outcome.kind];
  };
  assert.equal((await verify(directory, 'lotte', PASSWORD)).kind, 'proved');
  for (const wrong of ['x', 'y']) assert.deepEqual(await because('lotte', wrong), ['mismatch', 'wrong']);
  assert.deepEqual(await because('lotte', PASSWORD), ['locked', 'wrong']);
  await new Promise((resolve) => setTimeout(resolve, 2100));
  assert.deepEqual(await because('otto', PASSWORD), ['expired', 'wrong']);
  assert.deepEqual(await because('otto', 'x'), ['mismatch', 'wrong']);
  assert.deepEqual(await because('rosa', PASSWORD), ['expired', 'wrong']);
  assert.deepEqual(await because('ending', PASSWORD), ['expired', 'wrong']);
  const ending = await personCalled(directory, 'ending');
  assert.equal(ending.disabled, true);
});

withServer('for a name that nobody has the same exchange takes place, without the typed password', async (ldap, t) => {
  await addLdapPerson(ldap, { uid: 'frida', password: PASSWORD });
  const { proxy, url } = await proxyTo(t, ldap.plainPort);
  const { directory } = watched(t, settingsFor(ldap, plain(url)));
  const exchange = async (name: string, password: string) => {
    const before = proxy.sent().reduce((sum, bytes) => sum + operations(bytes).length, 0);
    const outcome = await verify(directory, name, password);
    return { kind: outcome.kind, operations: proxy.sent().flatMap(operations).length - before };
  };
  // The first two open the connections.
  await exchange('frida', 'x');
  const known = await exchange('frida', 'typed for frida');
  const unknown = await exchange('nobody', 'typed for nobody');
  assert.deepEqual(unknown, known);
  const overheard = Buffer.concat(proxy.sent()).toString('latin1');
  assert.ok(overheard.includes('typed for frida'));
  assert.ok(!overheard.includes('typed for nobody'));
  // A server written in C may stop reading at a zero byte, and find an empty password.
  for (const password of ['\0typed after zero', `${PASSWORD}\0typed after zero`]) {
    assert.equal((await verify(directory, 'frida', password)).kind, 'failed');
  }
  assert.ok(!Buffer.concat(proxy.sent()).toString('latin1').includes('typed after zero'));
  assert.equal(await directory.check.bind(null, 'typed for another directory'), 'mismatch');
  assert.ok(!Buffer.concat(proxy.sent()).toString('latin1').includes('typed for another directory'));
});

withServer('referrals are not followed, and hide nobody', async (ldap, t) => {
  const { proxy, url } = await proxyTo(t, ldap.plainPort);
  await addLdapPerson(ldap, { uid: 'gustav', password: PASSWORD });
  await ldap.admin.add(`ou=elsewhere,${PEOPLE}`, {
    objectClass: ['referral', 'extensibleObject'],
    ou: 'elsewhere',
    ref: `${url}/${LDAP_BASE}`,
  });
  t.after(() => ldap.admin.del(`ou=elsewhere,${PEOPLE}`, [new ManageDsaIt()]));
  const { directory } = watched(t, settingsFor(ldap));
  assert.equal((await verify(directory, 'gustav', PASSWORD)).kind, 'proved');
  assert.equal(await directory.findByLoginName('hans'), null);
  assert.deepEqual(proxy.sent(), []);
  const elsewhere = watched(t, settingsFor(ldap, { base: `ou=elsewhere,${PEOPLE}` }));
  assert.deepEqual(await elsewhere.directory.findByLoginName('gustav'), DOWN);
  assert.deepEqual(proxy.sent(), []);
});

test('a list that the server cuts off is not taken for a whole one', async (t) => {
  if (!OPENLDAP_TOOLS.every((tool) => requireTool(t, tool))) return;
  const ldap = await startOpenLdap({ database: 'sizelimit 2' });
  t.after(() => ldap.close());
  const dn = await addLdapPerson(ldap, { uid: 'ida', password: PASSWORD });
  const { directory, events } = watched(t, settingsFor(ldap, { groups: { from: 'search' } }));
  for (const group of ['one', 'two']) await addLdapGroup(ldap, group, [dn]);
  assert.deepEqual((await personCalled(directory, 'ida')).groups, ['one', 'two']);
  await addLdapGroup(ldap, 'three', [dn]);
  assert.deepEqual(await directory.findByLoginName('ida'), DOWN);
  assert.equal(events.at(-1)?.kind, 'down');
  for (const cn of ['k1', 'k2', 'k3']) await addLdapPerson(ldap, { uid: 'klara', cn });
  assert.deepEqual(await directory.findByLoginName('klara'), DOWN);
});

// CWE-295
withServer('a server that cannot prove who it is gets nothing', async (ldap, t) => {
  await addLdapPerson(ldap, { uid: 'leo', password: PASSWORD });
  const [key, other] = [join(ldap.folder, 'other.key'), join(ldap.folder, 'other.pem')];
  await makeCertificate(key, other);
  const rows: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    ['another certificate is trusted', { caFile: other }],
    ['only what the system trusts', { caFile: undefined }],
    ['StartTLS, another certificate is trusted', { urls: [ldap.plainUrl], startTls: true, caFile: other }],
  ];
  for (const [name, settings] of rows) {
    const opened = watched(t, settingsFor(ldap, settings));
    assert.deepEqual(await opened.directory.findByLoginName('leo'), DOWN, name);
    assert.deepEqual(await opened.directory.check.bind(null, PASSWORD), DOWN, name);
    assert.match(told(opened), /self-signed|certificate/i, name);
  }
});

withServer('StartTLS, with the right certificate', async (ldap, t) => {
  await addLdapPerson(ldap, { uid: 'mara', password: PASSWORD });
  const { proxy, url } = await proxyTo(t, ldap.plainPort);
  const { directory } = watched(t, settingsFor(ldap, { urls: [url], startTls: true }));
  assert.equal((await verify(directory, 'mara', PASSWORD)).kind, 'proved');
  const overheard = Buffer.concat(proxy.sent()).toString('latin1');
  for (const secret of [PASSWORD, SEARCH_PASSWORD, 'mara']) assert.ok(!overheard.includes(secret));
  // A connection that ends is not opened again by itself, in the clear.
  proxy.cut();
  assert.equal((await verify(directory, 'mara', PASSWORD)).kind, 'proved');
  assert.ok(!Buffer.concat(proxy.sent()).toString('latin1').includes(PASSWORD));
});

withServer('kept connections that have ended cost nobody a sign-in', async (ldap, t) => {
  await addLdapPerson(ldap, { uid: 'nora', password: PASSWORD });
  const { proxy, url } = await proxyTo(t, ldap.plainPort);
  const opened = watched(t, settingsFor(ldap, { ...plain(url), connections: 3 }));
  const all = () => Promise.all(['nora', 'nora', 'nora'].map((name) => verify(opened.directory, name, PASSWORD)));
  for (let round = 0; round < 3; round++) {
    assert.deepEqual(
      (await all()).map(({ kind }) => kind),
      ['proved', 'proved', 'proved'],
    );
    proxy.cut();
    if (round === 1) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(told(opened), '');
});

withServer(
  'stopped in mid-login: an outage, never "wrong"; it works again when the server is back',
  async (ldap, t) => {
    await addLdapPerson(ldap, { uid: 'paul', password: PASSWORD });
    const { proxy, url } = await proxyTo(t, ldap.plainPort);
    const opened = watched(t, settingsFor(ldap, plain(url)));
    const found = await personCalled(opened.directory, 'paul');
    assert.equal(await opened.directory.check.bind(found, PASSWORD), 'match');
    proxy.hold();
    const cutOff = opened.directory.check.bind(found, PASSWORD);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const started = performance.now();
    proxy.cut();
    assert.deepEqual(await cutOff, DOWN);
    await proxy.close();
    assert.deepEqual(await opened.directory.findById(found.id), DOWN);
    assert.deepEqual(await opened.directory.findByLoginName('nobody'), DOWN);
    assert.ok(performance.now() - started < 4000);
    assert.equal(opened.directory.isUp(), false);
    assert.equal(opened.events.filter(({ kind }) => kind === 'down').length, 1);
  },
);

withServer('a server that hangs costs a bounded time, also when many ask at once', async (ldap, t) => {
  await addLdapPerson(ldap, { uid: 'quirin', password: PASSWORD });
  const { proxy, url } = await proxyTo(t, ldap.plainPort);
  const opened = watched(t, settingsFor(ldap, plain(url)));
  const found = await personCalled(opened.directory, 'quirin');
  await opened.directory.check.bind(found, PASSWORD);
  proxy.hold();
  const started = performance.now();
  const answers = await Promise.all([
    ...Array.from({ length: 10 }, () => opened.directory.findById(found.id)),
    ...Array.from({ length: 10 }, () => opened.directory.check.bind(found, PASSWORD)),
  ]);
  assert.deepEqual(
    answers,
    answers.map(() => DOWN),
  );
  assert.ok(performance.now() - started < 3500, `${performance.now() - started} ms`);
  // Rested, nobody waits at all.
  const again = performance.now();
  assert.deepEqual(await opened.directory.findById(found.id), DOWN);
  assert.ok(performance.now() - again < 100);
  proxy.release();
  await new Promise((resolve) => setTimeout(resolve, 5200));
  assert.equal((await verify(opened.directory, 'quirin', PASSWORD)).kind, 'proved');
  assert.equal(opened.events.at(-1)?.kind, 'up');
});

withServer('the second server takes over from one that is gone, and from one that hangs', async (ldap, t) => {
  await addLdapPerson(ldap, { uid: 'sonja', password: PASSWORD });
  const { proxy, url } = await proxyTo(t, ldap.plainPort);
  const gone = watched(t, settingsFor(ldap, { urls: ['ldap://127.0.0.1:1', ldap.plainUrl], caFile: undefined }));
  assert.equal((await verify(gone.directory, 'sonja', PASSWORD)).kind, 'proved');
  const hanging = watched(t, settingsFor(ldap, { urls: [url, ldap.plainUrl], caFile: undefined }));
  assert.equal((await verify(hanging.directory, 'sonja', PASSWORD)).kind, 'proved');
  assert.ok(proxy.sent().length > 0);
  proxy.hold();
  assert.equal((await verify(hanging.directory, 'sonja', PASSWORD)).kind, 'proved');
  assert.equal((await verify(hanging.directory, 'sonja', 'x')).kind, 'failed');
  assert.equal(told(gone) + told(hanging), '');
});

withServer('the whole server is killed and comes back', async (ldap, t) => {
  await addLdapPerson(ldap, { uid: 'theo', password: PASSWORD });
  const opened = watched(t, settingsFor(ldap));
  assert.equal((await verify(opened.directory, 'theo', PASSWORD)).kind, 'proved');
  await ldap.stop();
  assert.deepEqual(await opened.directory.findByLoginName('theo'), DOWN);
  await ldap.start();
  await new Promise((resolve) => setTimeout(resolve, 5200));
  assert.equal((await verify(opened.directory, 'theo', PASSWORD)).kind, 'proved');
});

withServer('whoever searches is refused, or sees nothing: an outage, and no password in the log', async (ldap, t) => {
  await addLdapPerson(ldap, { uid: 'uta', password: PASSWORD });
  const passwordFile = join(ldap.folder, 'bind-password');
  writeFileSync(passwordFile, 'not this one\n');
  const byFile = { bindPasswordVariable: undefined, bindPasswordFile: passwordFile };
  const wrong = watched(t, settingsFor(ldap, byFile));
  assert.deepEqual(await wrong.directory.findByLoginName('uta'), DOWN);
  assert.match(told(wrong), /bindDn is refused/);
  assert.ok(!told(wrong).includes('not this one'));
  // The file is read again for each connection.
  writeFileSync(passwordFile, `${SEARCH_PASSWORD}\n`);
  assert.equal((await personCalled(watched(t, settingsFor(ldap, byFile)).directory, 'uta')).loginName, 'uta');
  const anonymous = watched(t, settingsFor(ldap, { bindDn: undefined, bindPasswordVariable: undefined }));
  assert.deepEqual(await anonymous.directory.findByLoginName('uta'), DOWN);
  const noId = watched(t, settingsFor(ldap, { idAttribute: 'employeeNumber' }));
  assert.deepEqual(await noId.directory.findByLoginName('uta'), DOWN);
  assert.match(told(noId), /employeeNumber is not one value/);
});

// CWE-290: a long id is the account of one entry only, and the same on every node.
withServer('ids longer than a session can hold: found again by their digest, each its own entry', async (ldap, t) => {
  const middle = (n: string): string => `urn:people:${n.repeat(60)}:2026-active`;
  const ids = { wilma: middle('a'), walter: middle('b'), wolf: middle('A'), short: 'e-17' };
  for (const [uid, employeeNumber] of Object.entries(ids)) {
    await addLdapPerson(ldap, { uid, password: PASSWORD, attributes: { employeeNumber } });
  }
  const settings = settingsFor(ldap, { idAttribute: 'employeeNumber' });
  const [here, there] = [watched(t, settings).directory, watched(t, settings).directory];
  const seen = new Set<string>();
  for (const uid of Object.keys(ids)) {
    const { id } = await personCalled(here, uid);
    assert.ok(Buffer.byteLength(id) <= 48 && !seen.has(id));
    seen.add(id);
    const again = await there.findById(id);
    assert.ok(again !== null && !isUnavailable(again));
    assert.deepEqual([again.loginName, again.id], [uid, id]);
    assert.equal((await verify(there, uid, PASSWORD)).kind, 'proved');
  }
  // The entry goes: nobody else who begins and ends alike comes in its place.
  const gone = await personCalled(here, 'walter');
  await ldap.admin.modify(
    `cn=person ${Buffer.from('walter').toString('hex')},${PEOPLE}`,
    new Change({
      operation: 'replace',
      modification: new Attribute({ type: 'employeeNumber', values: [middle('c')] }),
    }),
  );
  assert.equal(await there.findById(gone.id), null);
  assert.notEqual((await personCalled(here, 'walter')).id, gone.id);
  for (const id of [`${gone.id.slice(0, -1)}x`, 'h~', `h~${'*'.repeat(46)}`])
    assert.equal(await here.findById(id), null);
});

withServer(
  'long ids that cannot be searched for by parts: said, and nobody signs in only to be forgotten',
  async (ldap, t) => {
    // RFC 2079: labeledURI has no substring rule.
    const labeledURI = `https://people.example.org/${'0123456789'.repeat(5)}`;
    await addLdapPerson(ldap, { uid: 'xenia', password: PASSWORD, attributes: { labeledURI } });
    const opened = watched(t, settingsFor(ldap, { idAttribute: 'labeledURI' }));
    assert.deepEqual(await opened.directory.findByLoginName('xenia'), DOWN);
    assert.match(told(opened), /cannot be searched for parts of labeledURI/);
  },
);

// CWE-770: nobody is found by reading everybody.
withServer('long ids that begin and end alike: a hundred are looked through, one more is said', async (ldap, t) => {
  const opened = watched(t, settingsFor(ldap, { idAttribute: 'employeeNumber' }));
  const add = (n: number) =>
    addLdapPerson(ldap, {
      uid: `alike${n}`,
      attributes: { employeeNumber: `urn:alike:${String(n).padStart(60, '0')}:everybody` },
    });
  for (let n = 1; n <= 100; n += 1) await add(n);
  const { id } = await personCalled(opened.directory, 'alike100');
  const found = await opened.directory.findById(id);
  assert.ok(found !== null && !isUnavailable(found) && found.loginName === 'alike100');
  await add(101);
  assert.deepEqual(await opened.directory.findById(id), DOWN);
  assert.deepEqual(await opened.directory.findByLoginName('alike7'), DOWN);
  assert.match(told(opened), /over 100 entries begin and end alike in employeeNumber/);
});

withServer('a list that the server cuts off is an outage, whoever stands in it', async (_ldap, t) => {
  const strict = await startOpenLdap({ database: 'sizelimit 3' });
  t.after(() => strict.close());
  const opened = watched(t, settingsFor(strict, { idAttribute: 'employeeNumber' }));
  const middle = (n: number): string => `urn:few:${String(n).padStart(60, '0')}:everybody`;
  for (let n = 1; n <= 3; n += 1)
    await addLdapPerson(strict, { uid: `few${n}`, attributes: { employeeNumber: middle(n) } });
  const people = await Promise.all(['few1', 'few2', 'few3'].map((uid) => personCalled(opened.directory, uid)));
  await addLdapPerson(strict, { uid: 'few4', attributes: { employeeNumber: middle(4) } });
  for (const { id } of people) assert.deepEqual(await opened.directory.findById(id), DOWN);
});

withServer('signet check asks every server, and says what is wrong', async (ldap, t) => {
  await addLdapPerson(ldap, { uid: 'vera', password: PASSWORD });
  const probe = async (more: Readonly<Record<string, unknown>>) =>
    (await watched(t, settingsFor(ldap, more)).directory.probe())
      .map(({ path, found }) => `${path}: ${found}`)
      .join('\n');
  assert.equal(await probe({}), '');
  assert.equal(await probe({ urls: [ldap.plainUrl], startTls: true }), '');
  assert.match(
    await probe({ urls: [ldap.tlsUrl, 'ldaps://127.0.0.1:1'] }),
    /^directories: ldap: ldaps:\/\/127.0.0.1:1: .*ECONNREFUSED/,
  );
  assert.match(await probe({ caFile: undefined }), /self-signed/);
  assert.match(await probe({ bindDn: PEOPLE }), /bindDn is refused/);
  assert.match(await probe({ base: 'dc=nowhere' }), /for a search below dc=nowhere/);
  assert.match(await probe({ filter: '(uid=nobody-at-all)' }), /nobody below/);
  assert.match(await probe({ idAttribute: 'employeeNumber' }), /employeeNumber/);
});

test('Active Directory: its attributes, as an OpenLDAP with its schema shows them', async (t) => {
  if (!OPENLDAP_TOOLS.every((tool) => requireTool(t, tool))) return;
  const ldap = await startOpenLdap({ activeDirectory: true });
  t.after(() => ldap.close());
  const guid = Buffer.from('f1debc9a7856341200ff80c2a9e10b7d', 'hex');
  const add = (name: string, more: Readonly<Record<string, string | string[] | Buffer>>) => {
    const required = { objectClass: 'user', cn: name, sn: name, sAMAccountName: name, objectCategory: 'person' };
    return ldap.admin.add(
      `cn=${name},${PEOPLE}`,
      Object.entries({ ...required, userPassword: PASSWORD, userAccountControl: '512', ...more }).map(
        ([type, value]) => new Attribute({ type, values: (Array.isArray(value) ? value : [value]) as string[] }),
      ),
    );
  };
  await add('Wanda', {
    objectGUID: guid,
    userPrincipalName: 'wanda@example.org',
    memberOf: [`cn=Teachers,${GROUPS}`, 'cn=Teachers,dc=other,dc=org'],
    accountExpires: '9223372036854775807',
  });
  await add('off', { objectGUID: Buffer.alloc(16, 1), userAccountControl: '514' });
  await add('ended', { objectGUID: Buffer.alloc(16, 2), accountExpires: '133000000000000000' });
  const { directory } = watched(t, settingsFor(ldap, { type: 'active-directory' }));
  const wanda = await personCalled(directory, 'WANDA');
  assert.equal(wanda.id, '9abcdef1-5678-1234-00ff-80c2a9e10b7d');
  assert.deepEqual([wanda.loginName, wanda.groups, wanda.disabled], ['Wanda', ['Teachers'], false]);
  assert.deepEqual(await directory.findById(wanda.id), wanda);
  assert.equal(await directory.findById(wanda.id.toUpperCase()), null);
  assert.equal((await verify(directory, 'wanda@example.org', PASSWORD)).kind, 'proved');
  for (const [name, because] of [
    ['off', 'disabled'],
    ['ended', 'expired'],
  ] as const) {
    assert.equal((await personCalled(directory, name)).disabled, true);
    const outcome = await verify(directory, name, PASSWORD);
    assert.ok(outcome.kind === 'failed' && outcome.because === because);
  }
});

test('a filter or a file that cannot be used is told at the start', () => {
  const settings = { urls: ['ldaps://ldap.example.org'], base: 'dc=x' };
  const problem = (more: Readonly<Record<string, unknown>>) => () =>
    openLdapDirectory(ldapSettings({ ...settings, ...more }));
  assert.throws(
    problem({ filter: '(uid=' }),
    (error) => error instanceof ProblemsError && /ldap: filter/.test(error.message),
  );
  assert.throws(problem({ groups: { from: 'search', filter: '(&(cn=x' } }), /groups.filter/);
  assert.throws(problem({ caFile: '/nonexistent/ca.pem' }), /ENOENT/);
});

/** The tags of the LDAP messages in a stream of bytes. */
function operations(bytes: Buffer): readonly number[] {
  const tags: number[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const first = bytes[offset + 1] ?? 0;
    const more = first & 0x80 ? first & 0x7f : 0;
    const length = more === 0 ? first : bytes.readUIntBE(offset + 2, more);
    const body = offset + 2 + more;
    // After the message id: a tag, its length, the number.
    tags.push(bytes[body + 2 + (bytes[body + 1] ?? 0)] ?? 0);
    offset = body + length;
  }
  return tags;
}

/** RFC 3296 §3: the referral itself is meant. */
class ManageDsaIt extends Control {
  constructor() {
    super('2.16.840.1.113730.3.4.2', { critical: true });
  }
}
