// Which claims each scope stands for, and that asking for one by name is not being allowed to know it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readClient } from '../../../src/parties/client.ts';
import { claimsOfScopes, releaseClaims } from '../../../src/protocols/oidc/claims-release.ts';
import type { Scope } from '../../../src/protocols/oidc/scopes.ts';

/** As an LDAP directory has them (RFC 4519, RFC 2798). */
const ALICE = {
  id: 'a',
  loginName: 'alice',
  disabled: false,
  attributes: new Map([
    ['cn', ['Alice Adams']],
    ['givenName', ['Alice']],
    ['sn', ['Adams']],
    ['mail', ['alice@example.org', 'other@example.org']],
    ['telephoneNumber', ['+49 30 1']],
    ['street', ['Hauptstr. 1']],
    ['l', ['Berlin']],
    ['c', ['DE']],
    ['employeeNumber', ['104729']],
  ]),
  groups: ['staff', 'wiki'],
};
const NOBODY = { ...ALICE, attributes: new Map(), groups: [] };

function client(signet: object = {}) {
  const read = readClient(
    { client_id: 'spa', token_endpoint_auth_method: 'none', redirect_uris: ['https://a.example/cb'], signet },
    'test',
  );
  return 'metadata' in read ? read : assert.fail(JSON.stringify(read));
}

const rows: readonly { readonly scope: Scope; readonly expect: object }[] = [
  { scope: 'openid', expect: {} },
  { scope: 'profile', expect: { name: 'Alice Adams', given_name: 'Alice', family_name: 'Adams' } },
  { scope: 'email', expect: { email: 'alice@example.org', email_verified: false } },
  { scope: 'address', expect: { address: { street_address: 'Hauptstr. 1', locality: 'Berlin', country: 'DE' } } },
  { scope: 'phone', expect: { phone_number: '+49 30 1', phone_number_verified: false } },
  { scope: 'groups', expect: { groups: ['staff', 'wiki'] } },
  { scope: 'offline_access', expect: {} },
];
for (const { scope, expect } of rows) {
  test(`scope ${scope}`, () => {
    const scopes: readonly Scope[] = ['openid', scope];
    const { preferred_username: _, ...told } = releaseClaims(client(), ALICE, scopes, claimsOfScopes(scopes));
    assert.deepEqual(told, expect);
    const { preferred_username: __, ...empty } = releaseClaims(client(), NOBODY, scopes, claimsOfScopes(scopes));
    assert.deepEqual(empty, {}, 'what is not there is left out, never null (§5.3.2)');
  });
}

// OpenID Connect Core §5.5: a claim that is asked for by name; CWE-200.
test('asking by name gives what a granted scope stands for, and nothing else', () => {
  const names = ['email', 'groups', 'phone_number', 'employeeNumber', '__proto__', 'constructor', 'passwordHash'];
  assert.deepEqual(releaseClaims(client(), ALICE, ['openid', 'email'], names), { email: 'alice@example.org' });
  assert.deepEqual(releaseClaims(client(), ALICE, ['openid'], names), {});
});

test('what its settings release is told, beside what it asks for', () => {
  const released = client({ attributes: ['employeeNumber'] });
  assert.deepEqual(releaseClaims(released, ALICE, ['openid'], []), { employeeNumber: '104729' });
});
