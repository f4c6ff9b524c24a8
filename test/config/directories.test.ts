import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { stringify } from 'yaml';
import { readConfig } from '../../src/config/read-config.ts';
import { ProblemsError } from '../../src/lib/problems.ts';

const folder = mkdtempSync(join(tmpdir(), 'signet-directories-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'signet.yaml');
const ldap = { kind: 'ldap', urls: ['ldaps://dc1.example.org'], base: 'dc=example,dc=org' };
const bind = { bindDn: 'cn=signet', bindPasswordVariable: 'LDAP_PASSWORD' };

function read(directories: unknown, environment: Readonly<Record<string, string>> = { LDAP_PASSWORD: 'secret' }) {
  writeFileSync(path, stringify({ publicUrl: 'https://idp.example.org', directories }));
  return readConfig(path, environment).directories;
}
function problemsOf(directories: unknown, environment?: Readonly<Record<string, string>>): string {
  try {
    read(directories, environment);
    return '';
  } catch (error) {
    assert.ok(error instanceof ProblemsError);
    return error.problems.map((one) => `${one.path}|${one.found}|${one.wanted}`).join('\n');
  }
}

test('without the setting: the users file', () => {
  writeFileSync(path, 'publicUrl: https://idp.example.org\n');
  const expected = [{ kind: 'yaml', name: 'users', file: join(folder, 'users.yaml'), poll: 5 }];
  assert.deepEqual(readConfig(path, {}).directories, expected);
});

test('a list, in its order; files start at the configuration; the whole list from the environment', () => {
  const [first, second] = read([{ ...ldap, ...bind, caFile: 'ca.pem' }, { kind: 'yaml' }]);
  assert.ok(first?.kind === 'ldap' && second?.kind === 'yaml');
  assert.deepEqual([first.name, first.caFile, first.bindPassword], ['ldap', join(folder, 'ca.pem'), 'secret']);
  assert.deepEqual([first.type, first.groups.from, first.connections], ['standard', 'memberOf', 8]);
  const [only] = read([], { SIGNET_DIRECTORIES: '[{kind: yaml, file: /a/b.yaml}]' });
  assert.ok(only?.kind === 'yaml' && only.file === '/a/b.yaml');
});

const refused: readonly (readonly [string, unknown, RegExp])[] = [
  ['no directory', [], /directories\|.*at least one directory/],
  ['no list', { kind: 'yaml' }, /^directories\|/],
  ['another kind', [{ kind: 'yml' }], /^directories.0.kind\|"yml"\|'yaml' \| 'sql' \| 'ldap'/],
  ['no kind', [{ file: 'users.yaml' }], /^directories.0.kind\|nothing\|/],
  [
    'a misspelt key, compared with those of its kind',
    [{ kind: 'yaml', fiel: 'x' }],
    /^directories.0.fiel\|an unknown setting\|.*'file'/,
  ],
  ['another misspelt key', [{ ...ldap, startTLS: true }], /^directories.0.startTLS\|an unknown setting\|.*'startTls'/],
  ['a misspelt key further in', [{ ...ldap, groups: { nameAtribute: 'x' } }], /groups.nameAtribute\|.*'nameAttribute'/],
  ['a key of another kind', [{ kind: 'sql', file: 'x' }], /^directories.0.file\|an unknown setting/],
  [
    'two of one name',
    [{ kind: 'yaml' }, { kind: 'yaml', file: 'b.yaml' }],
    /^directories.1.name\|'users' a second time/,
  ],
  ['a name with spaces', [{ kind: 'yaml', name: 'my users' }], /lower case name/],
  ['no address', [{ ...ldap, urls: [] }], /directories.0.urls/],
  ['an address that is none', [{ ...ldap, urls: ['dc1'] }], /urls.0\|"dc1"\|ldaps:\/\/HOST/],
  ['another scheme', [{ ...ldap, urls: ['https://dc1'] }], /ldaps:\/\/HOST/],
  // CWE-319
  ['passwords in the clear', [{ ...ldap, urls: ['ldap://dc1.example.org'] }], /urls.0\|.*startTls: true/],
  ['passwords in the clear, at one of several', [{ ...ldap, urls: ['ldaps://dc1', 'ldap://dc2'] }], /urls.1\|/],
  [
    'in the clear, to a name that begins like this machine',
    [{ ...ldap, urls: ['ldap://127.0.0.1.example.org'] }],
    /startTls/,
  ],
  ['StartTLS over TLS', [{ ...ldap, startTls: true }], /urls.0\|.*ldaps:\/\/ without/],
  ['a base in the address', [{ ...ldap, urls: ['ldaps://dc1/dc=example'] }], /scheme, host and port only/],
  ['a password in the address', [{ ...ldap, urls: ['ldaps://cn:pw@dc1'] }], /scheme, host and port only/],
  // RFC 4513 §5.1.2
  ['a DN without a password', [{ ...ldap, bindDn: 'cn=signet' }], /bindPasswordFile\|nothing\|/],
  ['two passwords', [{ ...ldap, ...bind, bindPasswordFile: 'x' }], /bindPasswordFile\|both\|/],
  ['a password without a DN', [{ ...ldap, bindPasswordFile: 'x' }], /bindDn\|nothing/],
  ['a variable that is not set', [{ ...ldap, bindDn: 'cn=x', bindPasswordVariable: 'NOT_SET' }], /NOT_SET is not set/],
  [
    'a variable that is a setting',
    [{ ...ldap, bindDn: 'cn=x', bindPasswordVariable: 'SIGNET_X' }],
    /not one of SIGNET/,
  ],
  [
    'a password in the configuration',
    [{ ...ldap, bindDn: 'cn=x', bindPassword: 'x' }],
    /bindPassword\|an unknown setting/,
  ],
  [
    'a password attribute for parties',
    [{ ...ldap, attributes: { mail: 'userPassword' } }],
    /attributes.mail\|userPassword\|.*no secret/,
  ],
  ['the same in other case', [{ ...ldap, attributes: { a: 'UNICODEPWD' } }], /attributes.a\|UNICODEPWD/],
  [
    'an attribute with an option',
    [{ ...ldap, attributes: { a: 'userPassword;x-y' } }],
    /the name of an LDAP attribute/,
  ],
  ['a filter in a login attribute', [{ ...ldap, loginAttributes: ['uid)(x'] }], /the name of an LDAP attribute/],
  [
    'nested groups without a search',
    [{ ...ldap, type: 'active-directory', groups: { nested: true } }],
    /groups.nested\|/,
  ],
  ['nested groups elsewhere', [{ ...ldap, groups: { nested: true, from: 'search' } }], /groups.nested\|/],
  ['no base', [{ kind: 'ldap', urls: ['ldaps://a'] }], /directories.0.base\|nothing/],
];
for (const [name, directories, expected] of refused) {
  test(`refused: ${name}`, () => assert.match(problemsOf(directories), expected));
}

test('a problem never shows the bind password', () => {
  const problems = problemsOf([{ ...ldap, ...bind, urls: ['ldap://dc1'], caFile: 5 }], { LDAP_PASSWORD: 'hidden' });
  assert.ok(problems !== '' && !problems.includes('hidden'));
});

for (const url of ['ldap://localhost', 'ldap://127.0.0.1:3890', 'ldap://[::1]', 'ldaps://dc1:3269/']) {
  test(`allowed: ${url}`, () => assert.equal(problemsOf([{ ...ldap, urls: [url] }]), ''));
}
