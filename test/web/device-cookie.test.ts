// What a browser may show as its device cookie, and what ends it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RevocationVerdict } from '../../src/core/revocation.ts';
import { createDeviceCookie } from '../../src/web/device-cookie.ts';
import type { RequestFacts } from '../../src/web/request-facts.ts';
import { KEY1, KEY2, NOW, revoked, ringOf, testSealer } from '../sealer/support.ts';

const NAME = '__Host-signet_device';
const DAYS_90 = 90 * 86_400;

interface Given {
  readonly at?: number;
  readonly ring?: ReturnType<typeof ringOf>;
  readonly check?: () => Promise<RevocationVerdict>;
  readonly name?: string;
}

function cookieAt({ at = NOW, ring, check = async () => 'good' as const, name = NAME }: Given = {}) {
  const { sealer } = testSealer({ clock: () => at, ...(ring === undefined ? {} : { ring }) });
  let count = 0;
  return createDeviceCookie({ name, sealer, revocations: { check }, random: (n) => Buffer.alloc(n, ++count) });
}

const shows = (value: string, now = NOW, name = NAME): RequestFacts => ({
  method: 'POST',
  path: '/',
  rawQuery: '',
  form: new Map(),
  lists: new Map(),
  cookies: new Map([[name, value]]),
  headers: {},
  requestId: 'r',
  attempt: null,
  address: null,
  now,
});

function sealed(ancestors: readonly { readonly kid: string; readonly lineage: readonly string[] }[] = []) {
  return cookieAt().seal('anna', ancestors, NOW) ?? assert.fail('not sealed');
}

test('an account’s own browser has an id for it, and for nobody else', async () => {
  const { name, value, maxAge } = sealed();
  assert.deepEqual([name, maxAge], [NAME, DAYS_90 - 60]);
  const deviceOf = cookieAt().open(shows(value));
  assert.match((await deviceOf('anna')) ?? '', /^[\w-]{22}$/);
  for (const other of ['ben', '', 'Anna', 'anna ']) assert.equal(await deviceOf(other), null);
});

test('the browser drops it a minute before its key ends, so that no node takes it for one of a key that is gone', () => {
  const ends = KEY1.expires;
  const late = cookieAt({ at: ends - 61 }).seal('anna', [], ends - 61);
  assert.equal(late?.maxAge, 1);
  for (const left of [60, 1])
    assert.equal(cookieAt({ at: ends - left }).seal('anna', [], ends - left), null, `${left} s`);
});

test('every one has another id', async () => {
  const cookie = cookieAt();
  const ids = await Promise.all(
    [1, 2].map(() => cookie.open(shows(cookie.seal('anna', [], NOW)?.value ?? ''))('anna')),
  );
  assert.equal(new Set(ids).size, 2);
});

test('the value does not hold the account’s id in the clear', () => {
  assert.ok(!Buffer.from(sealed().value, 'base64url').includes('anna'));
});

const lineage = [{ kid: KEY2.kid, lineage: [] }];
for (const { name, given, value = sealed().value, now = NOW, shownAs = NAME } of [
  { name: 'nothing is shown', given: {}, value: '' },
  { name: 'it is no sealed value', given: {}, value: 'AAAA' },
  { name: 'a character was changed', given: {}, value: sealed().value.replace(/.$/, (c) => (c === 'A' ? 'Q' : 'A')) },
  { name: 'it comes under another name', given: { name: '__Host-signet_sso' }, shownAs: '__Host-signet_sso' },
  { name: 'it is older than 90 days', given: { at: NOW + DAYS_90 + 61 }, now: NOW + DAYS_90 + 61 },
  { name: 'its key was revoked', given: { ring: ringOf([KEY1, KEY2], { revoked: [revoked(KEY1.kid)] }) } },
  {
    name: 'a key that it descends from was revoked',
    given: { ring: ringOf([KEY1, KEY2], { revoked: [revoked(KEY2.kid)] }) },
    value: sealed(lineage).value,
  },
  { name: 'nobody can be asked whether sessions were ended', given: { check: async () => 'unavailable' as const } },
  { name: 'the account’s sessions were ended since', given: { check: async () => 'revoked' as const } },
] satisfies readonly {
  readonly name: string;
  readonly given: Given;
  readonly value?: string;
  readonly now?: number;
  readonly shownAs?: string;
}[]) {
  test(`nobody’s: ${name}`, async () =>
    assert.equal(await cookieAt(given).open(shows(value, now, shownAs))('anna'), null));
}

test('a feed that is stale asks people for proofs, and counts as ever', async () => {
  assert.notEqual(await cookieAt({ check: async () => 'reauth' as const }).open(shows(sealed().value))('anna'), null);
});

test('the feed is asked about the time of the login', async () => {
  const asked: unknown[] = [];
  const check = async (subject: unknown): Promise<RevocationVerdict> => {
    asked.push(subject);
    return 'good';
  };
  await createDeviceCookie({
    name: NAME,
    sealer: testSealer({ clock: () => NOW + 100 }).sealer,
    revocations: { check },
    random: (n) => Buffer.alloc(n),
  }).open(shows(sealed().value, NOW + 100))('anna');
  assert.deepEqual(asked, [{ sid: null, accountId: 'anna', oldestProof: NOW, latestProof: NOW }]);
});

test('without a key to seal with there is none, and more ancestors than fit are not left out', () => {
  assert.equal(cookieAt({ ring: ringOf([]) }).seal('anna', [], NOW), null);
  const many = Array.from({ length: 9 }, (_, i) => ({ kid: `${i}`.repeat(16), lineage: [] }));
  assert.equal(cookieAt().seal('anna', many, NOW), null);
});
