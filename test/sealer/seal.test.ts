import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBase64url } from '../../src/lib/base64url.ts';
import { maxBodyBytes } from '../../src/sealer/envelope.ts';
import { freezeKeyring, type Keyring } from '../../src/sealer/keyring.ts';
import { definePurpose, oidcCode, PURPOSES, samlTransient, ssoSession } from '../../src/sealer/purpose.ts';
import { createSealer, isSealRefusal, type Sealer, type SealInput } from '../../src/sealer/seal.ts';
import { DAY, file, KEY1, KEY2, keyOf, LONG, NOW, revoked, ringOf, testSealer } from './support.ts';

const CONTEXT = '__Host-signet_sso';
const BODY = Buffer.from('body');
const INPUT = { context: CONTEXT, iat: NOW, exp: NOW + 3600, body: BODY };

function tokenOf(sealer: Sealer, purpose = ssoSession, input: SealInput = INPUT): string {
  const sealed = sealer.seal(purpose, input);
  return isSealRefusal(sealed) ? assert.fail(sealed.refused) : sealed.token;
}

test('what was sealed opens again, for any purpose, context and body', () => {
  const purposes = [...PURPOSES.values()];
  const { sealer } = testSealer();
  fc.assert(
    fc.property(
      fc.constantFrom(...purposes),
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.uint8Array({ maxLength: 64 }),
      (purpose, context, fill, pattern) => {
        const body = Buffer.alloc(Math.floor(fill * maxBodyBytes(purpose)), pattern.length === 0 ? 0 : pattern);
        const token = tokenOf(sealer, purpose, { context, iat: NOW, exp: NOW + purpose.maxLifetime, body });
        assert.ok(token.length <= purpose.maxCharacters);
        assert.deepEqual(Buffer.from(sealer.open(purpose, context, token)?.body ?? assert.fail('not opened')), body);
        assert.equal(sealer.open(purpose, `${context}.`, token), null);
      },
    ),
    { numRuns: 300 },
  );
});

test('no text that was not sealed opens, and none makes it throw', () => {
  const { sealer } = testSealer();
  const token = tokenOf(sealer);
  const bytes = decodeBase64url(token) ?? assert.fail('no bytes');
  const spliced = fc
    .tuple(fc.nat(bytes.length), fc.nat(bytes.length), fc.uint8Array({ maxLength: 80 }))
    .map(([from, to, middle]) =>
      Buffer.concat([bytes.subarray(0, from), middle, bytes.subarray(to)]).toString('base64url'),
    );
  fc.assert(
    fc.property(fc.oneof(spliced, fc.string({ maxLength: 400 }), fc.anything()), (value) => {
      fc.pre(value !== token);
      assert.equal(sealer.open(ssoSession, CONTEXT, value), null);
    }),
    { numRuns: 1000 },
  );
});

// CVE-2026-40372 (ASP.NET Core Data Protection): a validation step that skipped bytes accepted changed values.
test('every bit of a value of every purpose matters', () => {
  for (const purpose of PURPOSES.values()) {
    const { sealer, results } = testSealer();
    const token = tokenOf(sealer, purpose, { context: 'x', iat: NOW, exp: NOW + 10, body: BODY });
    const bytes = decodeBase64url(token) ?? assert.fail('no bytes');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const mutant = Buffer.from(bytes);
      mutant[bit >> 3] = bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7));
      assert.equal(sealer.open(purpose, 'x', mutant.toString('base64url')), null, `${purpose.name}, bit ${bit}`);
    }
    assert.ok(sealer.open(purpose, 'x', token));
    assert.equal(results.filter((result) => result === 'ok').length, 1);
  }
});

test('two values of the same content share neither nonce nor ciphertext, except where they must be the same', () => {
  const { sealer } = testSealer();
  assert.notEqual(tokenOf(sealer), tokenOf(sealer));
  const transient = (body: Buffer, iat = NOW): string =>
    tokenOf(sealer, samlTransient, { ...INPUT, iat, exp: iat + 12 * 3600, body });
  assert.equal(transient(BODY), transient(BODY));
  const nonces = [transient(BODY), transient(Buffer.from('bodz')), transient(BODY, NOW + 1)].map((t) =>
    t.slice(12, 44),
  );
  assert.equal(new Set(nonces).size, 3);
});

for (const { name, input, ring = ringOf([KEY1]), expect } of [
  { name: 'a body a byte over', input: { body: Buffer.alloc(maxBodyBytes(ssoSession) + 1) }, expect: 'too-large' },
  { name: 'a context over 65,535 bytes', input: { context: 'a'.repeat(65_536) }, expect: 'too-large' },
  { name: 'a context without UTF-8 form', input: { context: '\udfff' }, expect: 'too-large' },
  { name: 'a lifetime over the maximum', input: { exp: NOW + 43_201 }, expect: 'lifetime' },
  { name: 'no lifetime', input: { exp: NOW }, expect: 'lifetime' },
  { name: 'a fraction of a second', input: { iat: NOW + 0.5 }, expect: 'lifetime' },
  { name: 'a time before 1970', input: { iat: -1, exp: 1 }, expect: 'lifetime' },
  { name: 'a key that is not there', input: { kid: KEY2.kid }, expect: 'no-key' },
  {
    name: 'a revoked key',
    input: { kid: KEY1.kid },
    ring: ringOf([KEY1], { revoked: [revoked(KEY1.kid)] }),
    expect: 'no-key',
  },
  {
    name: 'no key but revoked ones',
    input: {},
    ring: ringOf([KEY1], { revoked: [revoked(KEY1.kid)] }),
    expect: 'no-key',
  },
  {
    name: 'no key but expired ones',
    input: {},
    ring: ringOf([keyOf(1, { ...LONG, retires: NOW - 1, expires: NOW })]),
    expect: 'no-key',
  },
  { name: 'no key at all', input: {}, ring: ringOf([]), expect: 'no-key' },
  {
    name: 'an iat at the end of the key',
    input: { iat: NOW + 9, exp: NOW + 50 },
    ring: ringOf([keyOf(1, { ...LONG, retires: NOW + 5, expires: NOW + 9 })]),
    expect: 'lifetime',
  },
]) {
  test(`not sealed: ${name}`, () => {
    assert.deepEqual(testSealer({ ring }).sealer.seal(ssoSession, { ...INPUT, ...input }), { refused: expect });
  });
}

test('the twins of those are sealed', () => {
  const { sealer } = testSealer();
  tokenOf(sealer, ssoSession, { ...INPUT, body: Buffer.alloc(maxBodyBytes(ssoSession)) });
  tokenOf(sealer, ssoSession, { ...INPUT, context: 'a'.repeat(65_535) });
  tokenOf(sealer, ssoSession, { ...INPUT, exp: NOW + 43_200 });
  tokenOf(sealer, ssoSession, { ...INPUT, kid: KEY2.kid });
});

test('I2: no value outlives its key', () => {
  const key = keyOf(1, { ...LONG, retires: NOW + 10, expires: NOW + 100 });
  const sealed = testSealer({ ring: ringOf([key]) }).sealer.seal(ssoSession, INPUT);
  assert.equal('exp' in sealed && sealed.exp, NOW + 100);
});

test('a schema that the purpose does not know is neither written nor read', () => {
  const { sealer, results } = testSealer();
  assert.throws(() => sealer.seal(ssoSession, { ...INPUT, schema: 2 }), RangeError);
  const { name, ...limits } = ssoSession;
  const later = definePurpose(name, { ...limits, schemas: [1, 2] });
  const newer = tokenOf(sealer, later);
  assert.equal(sealer.open(later, CONTEXT, newer)?.schema, 2);
  assert.equal(sealer.open(ssoSession, CONTEXT, newer), null);
  assert.deepEqual(results, ['ok', 'schema']);
  assert.equal(sealer.open(later, CONTEXT, tokenOf(sealer, later, { ...INPUT, schema: 1 }))?.schema, 1);
});

test('another realm with the same keys opens nothing', () => {
  const token = tokenOf(testSealer().sealer);
  const { sealer, results } = testSealer({ ring: ringOf([KEY1, KEY2], { realm: `${file.keys.realm}/` }) });
  assert.equal(sealer.open(ssoSession, CONTEXT, token), null);
  assert.deepEqual(results, ['tampered']);
});

for (const { name, ring, now = NOW, expect } of [
  { name: 'unknown', ring: ringOf([KEY2]), expect: 'unknown-kid' },
  { name: 'revoked', ring: ringOf([KEY1, KEY2], { revoked: [revoked(KEY1.kid)] }), expect: 'revoked-kid' },
  {
    name: 'revoked and gone from the ring',
    ring: ringOf([KEY2], { revoked: [revoked(KEY1.kid)] }),
    expect: 'revoked-kid',
  },
  { name: 'expired', ring: ringOf([{ ...KEY1, expires: NOW }, KEY2]), expect: 'expired-kid' },
]) {
  test(`a value under a key that is ${name} is refused`, () => {
    const token = tokenOf(testSealer({ ring: ringOf([KEY1]) }).sealer);
    const { sealer, results } = testSealer({ ring, clock: () => now });
    assert.equal(sealer.open(ssoSession, CONTEXT, token), null);
    assert.deepEqual(results, [expect]);
  });
}

test('every purpose forged with a revoked key is refused', () => {
  const forger = testSealer({ ring: ringOf([KEY1]) }).sealer;
  const { sealer, results } = testSealer({ ring: ringOf([KEY1, KEY2], { revoked: [revoked(KEY1.kid)] }) });
  for (const purpose of PURPOSES.values()) {
    const token = tokenOf(forger, purpose, { context: 'x', iat: NOW, exp: NOW + 10, body: BODY });
    assert.equal(sealer.open(purpose, 'x', token), null);
  }
  assert.deepEqual(new Set(results), new Set(['revoked-kid']));
});

test('a pending key opens, since another node may already seal with it', () => {
  const pending = keyOf(1, { ...LONG, created: NOW, activates: NOW + 50 });
  const token = tokenOf(testSealer({ ring: ringOf([pending]) }).sealer);
  assert.ok(testSealer({ ring: ringOf([KEY1, pending]) }).sealer.open(ssoSession, CONTEXT, token));
});

test('laterKey: only towards a primary that became active later', () => {
  const older = tokenOf(testSealer({ ring: ringOf([KEY2]) }).sealer);
  const newer = tokenOf(testSealer({ ring: ringOf([KEY1]) }).sealer);
  const { sealer } = testSealer({ ring: ringOf([KEY1, KEY2]) });
  assert.equal(sealer.open(ssoSession, CONTEXT, older)?.laterKey, true);
  assert.equal(sealer.open(ssoSession, CONTEXT, newer)?.laterKey, false);
  // A node whose clock is behind still seals with the older key; it must not seal a newer value again.
  const { sealer: behind } = testSealer({
    ring: ringOf([keyOf(3), { ...KEY1, created: NOW - 2000, activates: NOW + 5 }]),
  });
  assert.equal(behind.open(ssoSession, CONTEXT, newer)?.laterKey, false);
});

test('an unknown kid has the ring read again once, and the newer ring is used', () => {
  let ring: Keyring = ringOf([KEY1]);
  let rereads = 0;
  const results: string[] = [];
  const sealer = createSealer({
    ring: () => ring,
    reread: () => {
      rereads++;
      if (ring.keys.length === 2) return false;
      ring = ringOf([KEY1, KEY2], { serial: 2 });
      return true;
    },
    clock: () => NOW,
    random: (length) => Buffer.alloc(length),
    observe: (name, result) => results.push(`${name} ${result}`),
  });
  const token = tokenOf(testSealer({ ring: ringOf([KEY2]) }).sealer);
  assert.ok(sealer.open(ssoSession, CONTEXT, token));
  assert.equal(rereads, 1);
  const stranger = tokenOf(testSealer({ ring: ringOf([keyOf(9)]) }).sealer);
  assert.equal(sealer.open(ssoSession, CONTEXT, stranger), null);
  assert.equal(rereads, 2);
  assert.deepEqual(results, ['sso-session ok', 'sso-session unknown-kid']);
});

test('a known kid never has the ring read again', () => {
  const { sealer } = testSealer({ reread: () => assert.fail('read again') });
  assert.ok(sealer.open(ssoSession, CONTEXT, tokenOf(sealer)));
});

test('primaryKid and isRevokedKid follow the ring as it is now', () => {
  let ring = ringOf([KEY1]);
  const sealer = createSealer({
    ring: () => ring,
    reread: () => false,
    clock: () => NOW,
    random: Buffer.alloc,
    observe: () => {},
  });
  assert.equal(sealer.primaryKid(), KEY1.kid);
  assert.equal(sealer.isRevokedKid(KEY1.kid), false);
  ring = freezeKeyring({ ...ring, serial: 2, revoked: [revoked(KEY1.kid)] });
  assert.equal(sealer.primaryKid(), null);
  assert.equal(sealer.isRevokedKid(KEY1.kid), true);
});

test('time goes on: the same sealer refuses a value once it has expired, and a key once it has', () => {
  let now = NOW;
  const key = keyOf(1, { ...LONG, retires: NOW + DAY, expires: NOW + 2 * DAY });
  const { sealer, results } = testSealer({ ring: ringOf([key]), clock: () => now });
  const code = tokenOf(sealer, oidcCode, { ...INPUT, exp: NOW + 60 });
  for (const [later, expect] of [
    [69, 'ok'],
    [70, 'expired'],
    [2 * DAY, 'expired-kid'],
  ] as const) {
    now = NOW + later;
    sealer.open(oidcCode, CONTEXT, code);
    assert.equal(results.at(-1), expect, `after ${later} s`);
  }
});
