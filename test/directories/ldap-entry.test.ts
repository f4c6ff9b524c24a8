import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AndFilter, type Entry, EqualityFilter, ExtensibleFilter, OrFilter } from 'ldapts';
import { isBelow, parseDn } from '../../src/directories/ldap-dn.ts';
import { groupsOfEntries, hasLoginName, readEntry } from '../../src/directories/ldap-entry.ts';
import { byId, byLoginName, byMember, guidBytes, guidText, ldapRules } from '../../src/directories/ldap-rules.ts';
import { ldapSettings } from '../support/ldap-people.ts';

const NOW = 1_800_000_000;
const base = 'dc=example,dc=org';
const rules = (more: Readonly<Record<string, unknown>> = {}) =>
  ldapRules(ldapSettings({ urls: ['ldaps://ldap.example.org'], base, ...more }));
const ad = rules({ type: 'active-directory' });

const person: Entry = {
  dn: `uid=anna,${base}`,
  uid: 'anna',
  entryUUID: '2f4e1b1c-0000-4000-8000-000000000001',
  memberOf: [],
};
const guid = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const user: Entry = {
  dn: `cn=Anna,${base}`,
  sAMAccountName: 'Anna',
  objectGUID: guid,
  userAccountControl: '512',
  memberOf: [],
};

const usable = (entry: Entry, under = rules()) => {
  const reading = readEntry(entry, under, NOW);
  return reading.kind === 'person' ? reading.person : assert.fail(reading.because);
};

const unusable: readonly (readonly [string, Entry, ReturnType<typeof rules>])[] = [
  ['no id', { dn: 'x', uid: 'anna' }, rules()],
  ['two ids', { ...person, entryUUID: ['a', 'b'] }, rules()],
  ['an empty id', { ...person, entryUUID: '' }, rules()],
  ['an id of 1,025 bytes', { ...person, entryUUID: 'x'.repeat(1025) }, rules()],
  ['an id that looks like a digest', { ...person, entryUUID: 'h~x' }, rules()],
  ['an id with a space', { ...person, entryUUID: 'a b' }, rules()],
  ['an id that is no text', { ...person, entryUUID: Buffer.from([0xff]) }, rules()],
  ['no login name', { ...person, uid: [] }, rules()],
  ['a login name with spaces around it', { ...person, uid: ' anna' }, rules()],
  ['a login name with a control character', { ...person, uid: 'an\u0000na' }, rules()],
  ['a login name of 257 bytes', { ...person, uid: `${'\u00e4'.repeat(128)}x` }, rules()],
  // [MS-ADTS] §3.1.1.3.1.3.3: the rest of the values has to be asked for.
  ['some of many groups', { ...person, 'memberOf;range=0-1499': [`cn=a,${base}`] }, rules()],
  ['a GUID of 15 bytes', { ...user, objectGUID: guid.subarray(1) }, ad],
  ['a GUID as text', { ...user, objectGUID: '03020100-0504-0706-0809-0a0b0c0d0e0f' }, ad],
];
for (const [name, entry, under] of unusable) {
  test(`an entry that cannot be used: ${name}`, () => {
    const reading = readEntry(entry, under, NOW);
    assert.ok(reading.kind === 'unusable' && reading.because.startsWith(entry.dn));
  });
}

const states: readonly (readonly [string, Entry, ReturnType<typeof rules>, string])[] = [
  ['nothing said', person, rules(), 'active'],
  ['locked by an administrator', { ...person, pwdAccountLockedTime: '000001010000Z' }, rules(), 'disabled'],
  ['locked for a while: the bind tells', { ...person, pwdAccountLockedTime: '20260101000000Z' }, rules(), 'active'],
  ['389: locked', { ...person, nsAccountLock: 'TRUE' }, rules(), 'disabled'],
  ['389: not locked', { ...person, nsAccountLock: 'false' }, rules(), 'active'],
  ['eDirectory: disabled', { ...person, LOGINDISABLED: 'true' }, rules(), 'disabled'],
  ['ended', { ...person, pwdEndTime: '20270115075959Z' }, rules(), 'expired'],
  ['ends now', { ...person, pwdEndTime: '20270115080000Z' }, rules(), 'expired'],
  ['ends in a second', { ...person, pwdEndTime: '20270115080001.5Z' }, rules(), 'active'],
  ['ends at a time that cannot be read', { ...person, pwdEndTime: 'soon' }, rules(), 'expired'],
  ['AD: normal', user, ad, 'active'],
  ['AD: disabled', { ...user, userAccountControl: '514' }, ad, 'disabled'],
  ['AD: disabled among other bits', { ...user, userAccountControl: '66050' }, ad, 'disabled'],
  ['AD: other bits', { ...user, userAccountControl: '66048' }, ad, 'active'],
  ['AD: the search may not read the bits', { ...user, userAccountControl: [] }, ad, 'disabled'],
  ['AD: bits that are no number', { ...user, userAccountControl: 'x' }, ad, 'disabled'],
  ['AD: never ends, 0', { ...user, accountExpires: '0' }, ad, 'active'],
  ['AD: never ends, the greatest number', { ...user, accountExpires: '9223372036854775807' }, ad, 'active'],
  ['AD: ended this second', { ...user, accountExpires: '134444736000000000' }, ad, 'expired'],
  ['AD: ends in a second', { ...user, accountExpires: '134444736010000000' }, ad, 'active'],
  ['AD: an end that is no number', { ...user, accountExpires: '-1' }, ad, 'disabled'],
];
for (const [name, entry, under, expected] of states) {
  test(`state: ${name}: ${expected}`, () => {
    const { state, account } = usable(entry, under);
    assert.deepEqual([state, account.disabled], [expected, expected !== 'active']);
  });
}

test('a GUID is shown as Windows shows it, and found again', () => {
  const text = '03020100-0504-0706-0809-0a0b0c0d0e0f';
  assert.equal(usable(user, ad).account.id, text);
  assert.deepEqual(guidBytes(text), guid);
  assert.equal(guidText(guid), text);
  for (const other of [
    '',
    text.toUpperCase(),
    `{${text}}`,
    text.slice(1),
    `${text}0`,
    text.replaceAll('-', ''),
    `${text}\n`,
  ]) {
    assert.equal(guidBytes(other), null);
  }
});

test('values: known names in any case, without doubles, without what cannot be told', () => {
  const attributes = { mail: 'MAIL', note: 'description', photo: 'jpegPhoto' };
  const entry: Entry = {
    ...person,
    Mail: ['a@example.org', 'a@example.org', '', 'b@example.org'],
    description: ['fine', 'tab\there', 'x'.repeat(4097), '\ud800', '\ufffe'],
    jpegPhoto: Buffer.from([0xff, 0xd8]),
    __proto__: ['x'],
  };
  const { account } = usable(entry, rules({ attributes }));
  assert.deepEqual(
    account.attributes,
    new Map([
      ['mail', ['a@example.org', 'b@example.org']],
      ['note', ['fine']],
    ]),
  );
});

// Active Directory finds "muller" for "m\u00fcller", and a server may have a matching rule of its own.
test('what merely resembles the typed name is not it', () => {
  const entry = { ...person, uid: ['m\u00fcller', 'M2'] };
  for (const typed of ['m\u00fcller', 'MU\u0308LLER', ' m2 ']) assert.equal(hasLoginName(entry, rules(), typed), true);
  for (const typed of ['muller', 'mueller', '', '*', 'm\u00fcller\0', 'anna']) {
    assert.equal(hasLoginName(entry, rules(), typed), false);
  }
});

// CWE-90: whatever is typed is the value of an equality, octet by octet.
for (const typed of ['*', 'a*b', ')(uid=*', '\\2a', '(&(objectClass=*))', '\u00e9']) {
  test(`the filter for ${JSON.stringify(typed)} has it as a value`, () => {
    const filter = byLoginName(rules(), typed);
    assert.ok(filter instanceof AndFilter);
    const [, names] = filter.filters;
    assert.ok(names instanceof OrFilter);
    const values = names.filters.map((one) => (one instanceof EqualityFilter ? [one.attribute, one.value] : one));
    assert.deepEqual(values, [['uid', typed]]);
    const own = byId(rules(), typed);
    if (own === null) return;
    assert.ok(own instanceof AndFilter && own.filters[1] instanceof EqualityFilter);
    assert.equal(own.filters[1].value, typed);
  });
}

for (const typed of ['', '  ', 'a\0', 'a\nb', '\ud800', 'x'.repeat(257), '\u00e9'.repeat(129)]) {
  test(`a name that nobody can have is not sent: ${JSON.stringify(typed.slice(0, 9))}`, () => {
    assert.equal(byLoginName(rules(), typed), null);
  });
}

test('nested groups are asked for by the rule that follows chains', () => {
  const nested = rules({ type: 'active-directory', groups: { from: 'search', nested: true } });
  const filter = byMember(nested, 'cn=Anna (x)*,dc=org', 'anna');
  assert.ok(filter instanceof AndFilter && filter.filters[1] instanceof ExtensibleFilter);
  const { matchType, rule, value } = filter.filters[1];
  assert.deepEqual([matchType, rule, value], ['member', '1.2.840.113556.1.4.1941', 'cn=Anna (x)*,dc=org']);
});

const memberOf = [
  'CN=Wiki Editors,OU=Groups,DC=example,DC=org',
  'cn=Sch\\C3\\BCler,ou=groups,dc=example,dc=org',
  'cn=a\\,b\\+c,ou=groups,dc=example,dc=org',
  'cn=admins,dc=evil,dc=org',
  'cn=admins,dc=example,dc=org,dc=evil',
  'cn=x,dc=xexample,dc=org',
  base,
  'not a name',
  'cn=broken\\ff,ou=groups,dc=example,dc=org',
  'cn=\\00zero,ou=groups,dc=example,dc=org',
];
test('groups of memberOf: only below the base, by their own name', () => {
  assert.deepEqual(usable({ ...person, memberOf }).account.groups, ['Wiki Editors', 'Sch\u00fcler', 'a,b+c']);
  const narrow = rules({ groups: { base: 'ou=other,dc=example,dc=org' } });
  assert.deepEqual(usable({ ...person, memberOf }, narrow).account.groups, []);
  assert.deepEqual(usable({ ...person, memberOf: 'cn=one,dc=example,dc=org' }).account.groups, ['one']);
});

test('groups that a search found: their first name, each once', () => {
  const entries: Entry[] = [
    { dn: 'cn=a,dc=org', cn: ['a', 'alias'] },
    { dn: 'cn=b,dc=org', cn: 'a' },
    { dn: 'cn=c,dc=org', cn: [] },
    { dn: 'cn=d,dc=org', cn: 'x'.repeat(257) },
  ];
  assert.deepEqual(groupsOfEntries(entries, rules({ groups: { from: 'search' } })), ['a']);
  const asDn = rules({ groups: { from: 'search', as: 'dn' } });
  assert.deepEqual(groupsOfEntries(entries, asDn), ['cn=a,dc=org', 'cn=b,dc=org', 'cn=c,dc=org', 'cn=d,dc=org']);
});

const names: readonly (readonly [string, readonly (readonly [string, string])[] | null])[] = [
  ['', []],
  ['cn=a', [['cn', 'a']]],
  [
    'CN = a b , DC=org',
    [
      ['cn', 'a b'],
      ['dc', 'org'],
    ],
  ],
  ['2.5.4.3=a', [['2.5.4.3', 'a']]],
  ['cn=\\20a\\20', [['cn', ' a ']]],
  ['cn=a\\ ', [['cn', 'a ']]],
  ['cn=\\E2\\82\\AC', [['cn', '\u20ac']]],
  ['cn=a=b', [['cn', 'a=b']]],
  ['cn=', [['cn', '']]],
  ['cn', null],
  ['=a', null],
  ['cn=a,', null],
  ['cn=a,,dc=b', null],
  ['cn=a\\', null],
  ['cn=a;dc=b', null],
  ['cn="a"', null],
  ['cn=\\ff', null],
];
for (const [text, expected] of names) {
  test(`DN ${JSON.stringify(text)}`, () => {
    const parsed = parseDn(text);
    assert.deepEqual(parsed?.map(([first]) => [first?.attribute, first?.value]) ?? null, expected);
  });
}

test('below: name by name, case and spaces apart, never by the end of a text', () => {
  const below = (name: string, above: string) =>
    isBelow(parseDn(name) ?? assert.fail(), parseDn(above) ?? assert.fail());
  assert.equal(below('cn=a,OU=Groups,dc=example', 'ou=groups, dc=EXAMPLE'), true);
  assert.equal(below('cn=a+sn=b,dc=example', 'dc=example'), true);
  assert.equal(below('cn=x,cn=a+sn=b', 'sn=B+cn=A'), true);
  assert.equal(below('cn=a', ''), true);
  assert.equal(below('dc=example', 'dc=example'), false);
  assert.equal(below('cn=a,dc=xexample', 'dc=example'), false);
  assert.equal(below('cn=a\\,dc=example', 'dc=example'), false);
});
