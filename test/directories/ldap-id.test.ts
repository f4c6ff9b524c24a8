// Immutable ids of LDAP entries: short ones as they are, long ones as a digest by which the entry is found again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EqualityFilter, SubstringFilter } from 'ldapts';
import { ACCOUNT_ID_MAX_BYTES } from '../../src/core/account.ts';
import { accountIdOf, DIGEST_MARK, idFilter, isDigest, RAW_ID_MAX } from '../../src/directories/ldap-id.ts';

const LONG = `https://people.example.org/id/${'0123456789abcdef'.repeat(4)}`;

const asTheyAre = ['a', '2f4e1b1c-0000-4000-8000-000000000001', 'x'.repeat(48), 'h', 'h-', 'H~a', '~', '*)(uid=*'];
for (const raw of asTheyAre) {
  test(`an id as it is: ${raw.slice(0, 40)}`, () => {
    assert.equal(accountIdOf(raw), raw);
    const filter = idFilter('employeeNumber', raw);
    assert.ok(filter instanceof EqualityFilter);
    assert.deepEqual([filter.attribute, filter.value], ['employeeNumber', raw]);
  });
}

for (const raw of [LONG, 'x'.repeat(49), `${'*'.repeat(49)}`, `a${')'.repeat(60)}`, 'y'.repeat(RAW_ID_MAX)]) {
  test(`an id of ${raw.length} characters: a digest, which fits, and the parts to search for`, () => {
    const id = accountIdOf(raw) ?? assert.fail();
    assert.equal(id, accountIdOf(raw), 'on every node the same');
    assert.equal(Buffer.byteLength(id), ACCOUNT_ID_MAX_BYTES);
    assert.ok(id.startsWith(DIGEST_MARK) && isDigest(id));
    const filter = idFilter('employeeNumber', id);
    assert.ok(filter instanceof SubstringFilter);
    assert.deepEqual([filter.attribute, filter.any], ['employeeNumber', []]);
    assert.ok(raw.startsWith(filter.initial) && raw.endsWith(filter.final));
    assert.ok(filter.initial.length + filter.final.length < raw.length);
  });
}

test('pinned: a digest is the name of somebody’s enrolments for years', () => {
  assert.equal(accountIdOf(LONG), 'h~XN2ziZsfHBUXL50R3xMWFaHOIxIhttps://p6789abcdef');
});

// CWE-290: the account of one entry is never that of another.
test('ids that differ anywhere have different accounts', () => {
  const seen = new Map<string, string>();
  const variants = [LONG, LONG.toUpperCase(), `${LONG}0`, LONG.replaceAll('0', '1')];
  for (let at = 0; at < LONG.length; at += 1) variants.push(`${LONG.slice(0, at)}!${LONG.slice(at + 1)}`);
  for (const raw of variants) {
    const id = accountIdOf(raw) ?? assert.fail();
    assert.equal(seen.get(id), undefined);
    seen.set(id, raw);
  }
});

test('no entry’s own id is the digest of another, nor looks like one', () => {
  const digest = accountIdOf(LONG) ?? assert.fail();
  for (const raw of [digest, DIGEST_MARK, `${DIGEST_MARK}x`, DIGEST_MARK + 'x'.repeat(100)]) {
    assert.equal(accountIdOf(raw), null, raw);
  }
});

for (const raw of ['', ' ', 'a b', 'é', 'a\n', `${'x'.repeat(60)}\0`, 'x'.repeat(RAW_ID_MAX + 1)]) {
  test(`no id: ${JSON.stringify(raw.slice(0, 12))} of ${raw.length}`, () => {
    assert.equal(accountIdOf(raw), null);
    assert.equal(idFilter('employeeNumber', raw), null);
  });
}

// What a session names, and this directory cannot have given: it is not sent (CWE-90).
for (const id of [
  DIGEST_MARK,
  `${DIGEST_MARK}*`,
  `${accountIdOf(LONG)}x`,
  accountIdOf(LONG)?.slice(0, 47) ?? '',
  LONG,
]) {
  test(`an account id of nobody: ${id.slice(0, 20)} of ${id.length}`, () => {
    assert.equal(idFilter('employeeNumber', id), null);
  });
}
