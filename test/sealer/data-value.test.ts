// Secrets at rest, byte by byte: docs/sealed-values.md, Secrets at rest.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { secretContext } from '../../src/core/secrets-at-rest.ts';
import { dataPrimary } from '../../src/sealer/data-keyring.ts';
import { createDataCipher, DATA_PURPOSE, dataPrefix } from '../../src/sealer/data-value.ts';
import { dataPrk, purposeKey } from '../../src/sealer/derive.ts';
import { additionalData, writeEnvelope } from '../../src/sealer/envelope.ts';
import { sealingKey } from '../../src/sealer/keyring.ts';
import { PURPOSES, ssoSession } from '../../src/sealer/purpose.ts';
import { isSealRefusal } from '../../src/sealer/seal.ts';
import { createXaes } from '../../src/sealer/xaes.ts';
import { dataKeyOf, dataRingOf, REALM, testCipher } from './data-support.ts';
import { LONG, NOW, ringOf, testSealer } from './support.ts';

const SECRET = Buffer.from('12345678901234567890');
const CONTEXT = secretContext('account-1', 'Zm9vYmFyYmF6', 'totp-secret');
const KEY = dataKeyOf(0x11);
const RING = dataRingOf([KEY]);

/** Made by two other implementations, in Python and in plain node:crypto, from the specification. */
const PINNED = {
  kid: '129996ef09792cc7',
  key: '9d0f27010463cd8387f9750adae9469b14b846a76a48089b64e018d30e9e8563',
  context: 'totp-secret\0Zm9vYmFyYmF6\0account-1',
  text: 'ARKZlu8JeSzHAAECAwQFBgcICQoLDA0ODxAREhMUFRYXTDPc5BzS2XRgDa8x0GVi07xL7wnTrMUvcT64E8vRGqBbZmXKbU0De-GCS0RXjKBq',
};
const COUNTING = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => i));

test('the pinned vector: key id, key, context and text', () => {
  assert.equal(KEY.kid, PINNED.kid);
  assert.equal(purposeKey(dataPrk(KEY.master), REALM, DATA_PURPOSE).toString('hex'), PINNED.key);
  assert.equal(CONTEXT, PINNED.context);
  assert.equal(testCipher(RING, { random: COUNTING }).cipher.encrypt(CONTEXT, SECRET), PINNED.text);
});

test('the pinned vector decrypts, at any time', () => {
  for (const now of [0, NOW, NOW * 2]) {
    const { cipher, results } = testCipher(RING, { clock: () => now });
    assert.deepEqual(cipher.decrypt(PINNED.context, PINNED.text), new Uint8Array(SECRET));
    assert.deepEqual(results, ['ok']);
  }
});

test('whatever is encrypted decrypts to itself, and to nothing under another context', () => {
  const { cipher } = testCipher(RING);
  const anything = fc.uint8Array({ maxLength: 1024 });
  const context = fc.string({ unit: 'grapheme', maxLength: 80 });
  fc.assert(
    fc.property(anything, context, context, (secret, own, other) => {
      const text = cipher.encrypt(own, secret);
      assert.deepEqual(cipher.decrypt(own, text), secret);
      if (other !== own) assert.equal(cipher.decrypt(other, text), null);
    }),
  );
});

test('every single bit counts: no mutant of the pinned text decrypts', () => {
  const bytes = Buffer.from(PINNED.text, 'base64url');
  const { cipher, results } = testCipher(RING);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const mutant = Buffer.from(bytes);
    mutant.writeUInt8(mutant.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    assert.equal(cipher.decrypt(CONTEXT, mutant.toString('base64url')), null, `bit ${bit}`);
  }
  assert.deepEqual([...new Set(results)].sort(), ['malformed', 'tampered', 'unknown-kid']);
});

for (const [name, text] of Object.entries({
  empty: '',
  'a character less': PINNED.text.slice(0, -1),
  'a character more': `${PINNED.text}A`,
  padding: `${PINNED.text}==`,
  'white space': ` ${PINNED.text}`,
  'the other alphabet': PINNED.text.replace('-', '+'),
  // CVE-2026-40372: what a check does not cover can be changed.
  'a bucket less': Buffer.from(PINNED.text, 'base64url').subarray(0, 49).toString('base64url'),
  'a short tag': Buffer.from(PINNED.text, 'base64url').subarray(0, -12).toString('base64url'),
  'another version': `Ag${PINNED.text.slice(2)}`,
  'two together': PINNED.text + PINNED.text,
  'over the limit': 'A'.repeat(1475),
})) {
  test(`refused, and it has no kid: ${name}`, () => {
    const { cipher, results } = testCipher(RING);
    assert.equal(cipher.decrypt(CONTEXT, text), null);
    assert.equal(cipher.kidOf(text), null);
    assert.deepEqual(results, ['malformed']);
  });
}

/** An authentic text whose plaintext a test chooses. */
function authentic(plaintext: Buffer): string {
  const kid = Buffer.from(KEY.kid, 'hex');
  const aad = additionalData(kid, { name: DATA_PURPOSE }, CONTEXT) ?? assert.fail();
  const nonce = COUNTING(24);
  const sealed = createXaes(purposeKey(dataPrk(KEY.master), REALM, DATA_PURPOSE)).seal(nonce, plaintext, aad);
  return writeEnvelope({ kid, nonce, sealed });
}

const plain = (length: number, total: number, fill: (bytes: Buffer) => void = () => {}): Buffer => {
  const bytes = Buffer.alloc(total);
  bytes.writeUInt16BE(length);
  fill(bytes);
  return bytes;
};
for (const { name, plaintext, opens } of [
  { name: 'what this program writes', plaintext: plain(20, 32), opens: true },
  { name: 'a length over the end', plaintext: plain(31, 32), opens: false },
  { name: 'a whole bucket of padding', plaintext: plain(20, 64), opens: false },
  { name: 'padding that is not zero', plaintext: plain(20, 32, (bytes) => bytes.fill(1, 31)), opens: false },
  { name: 'the longest secret', plaintext: plain(1024, 1056), opens: true },
  { name: 'a longer secret', plaintext: plain(1025, 1056), opens: false },
]) {
  test(`an authentic plaintext has one form: ${name}`, () => {
    const { cipher } = testCipher(RING);
    assert.equal(cipher.decrypt(CONTEXT, authentic(plaintext)) !== null, opens);
  });
}

// A secret must not move: to another account, credential or field, as from a row that an attacker owns.
for (const [name, context] of Object.entries({
  'another account': secretContext('account-2', 'Zm9vYmFyYmF6', 'totp-secret'),
  'another credential': secretContext('account-1', 'Zm9vYmFyYmF7', 'totp-secret'),
  'another field': CONTEXT.replace('totp-secret', 'totp-secre'),
  'fields run together': CONTEXT.replaceAll('\0', ''),
  'an account id that swallows the rest': secretContext('Zm9vYmFyYmF6\0account-1', 'Zm9vYmFyYmF6', 'totp-secret'),
  none: '',
  'no UTF-8 form': '\ud800',
})) {
  test(`a secret does not decrypt elsewhere: ${name}`, () => {
    assert.equal(testCipher(RING).cipher.decrypt(context, PINNED.text), null);
  });
}

test('credential ids that could run together with the field or the account are refused', () => {
  for (const id of ['', 'a\0b', 'a b', 'a'.repeat(65)]) {
    assert.throws(() => secretContext('account-1', id, 'totp-secret'), RangeError);
  }
});

test('too long a secret and an impossible context are mistakes of the program', () => {
  const { cipher } = testCipher(RING);
  assert.throws(() => cipher.encrypt(CONTEXT, Buffer.alloc(1025)), RangeError);
  assert.throws(() => cipher.encrypt('\ud800', SECRET), RangeError);
  assert.throws(() => cipher.encrypt('a'.repeat(65_536), SECRET), RangeError);
  assert.equal(cipher.encrypt(CONTEXT, Buffer.alloc(1024)).length, 1474);
});

test('another realm, another key: neither decrypts', () => {
  for (const [ring, result] of [
    [dataRingOf([KEY], { realm: 'https://other.example.org' }), 'tampered'],
    [dataRingOf([dataKeyOf(0x12)]), 'unknown-kid'],
  ] as const) {
    const { cipher, results } = testCipher(ring);
    assert.equal(cipher.decrypt(CONTEXT, PINNED.text), null);
    assert.deepEqual(results, [result]);
  }
});

test('an unknown key has the file read once more', () => {
  let ring = dataRingOf([dataKeyOf(0x12)]);
  let looks = 0;
  const { cipher, results } = testCipher(() => ring, {
    reread: () => {
      looks += 1;
      ring = dataRingOf([dataKeyOf(0x12), KEY], { serial: 2 });
      return true;
    },
  });
  assert.deepEqual(cipher.decrypt(CONTEXT, PINNED.text), new Uint8Array(SECRET));
  assert.deepEqual([looks, results], [1, ['ok']]);
  cipher.decrypt(CONTEXT, PINNED.text);
  assert.equal(looks, 1);
});

test('what is handed out is a copy: wiping it wipes nothing else', () => {
  const { cipher } = testCipher(RING);
  cipher.decrypt(CONTEXT, PINNED.text)?.fill(0);
  assert.deepEqual(cipher.decrypt(CONTEXT, PINNED.text), new Uint8Array(SECRET));
});

test('the first twelve characters stand for the key and nothing else', () => {
  const other = dataKeyOf(0x12);
  for (const key of [KEY, other]) {
    const { cipher } = testCipher(dataRingOf([key]));
    for (const secret of [Buffer.alloc(0), SECRET, Buffer.alloc(300, 255)]) {
      const text = cipher.encrypt(CONTEXT, secret);
      assert.equal(text.slice(0, 12), dataPrefix(key.kid));
      assert.equal(cipher.kidOf(text), key.kid);
    }
  }
  assert.notEqual(dataPrefix(KEY.kid), dataPrefix(other.kid));
});

// Confusion with sealed values, by the same master in both rings: only the salts and the purpose tell them apart.
const MASTER = Buffer.alloc(32, 0x11);
const SEALED_RING = ringOf([sealingKey(MASTER, LONG)], { realm: REALM });

test('the same master gives another id and another key in the other kind of ring', () => {
  assert.notEqual(SEALED_RING.keys[0]?.kid, KEY.kid);
  assert.ok(!PURPOSES.has(DATA_PURPOSE));
});

for (const purpose of PURPOSES.values()) {
  test(`a secret at rest is no ${purpose.name}, whatever its kid says`, () => {
    const { sealer, results } = testSealer({ ring: SEALED_RING });
    const bytes = Buffer.from(PINNED.text, 'base64url');
    assert.equal(sealer.open(purpose, CONTEXT, PINNED.text), null);
    bytes.set(Buffer.from(SEALED_RING.keys[0]?.kid ?? '', 'hex'), 1);
    assert.equal(sealer.open(purpose, CONTEXT, bytes.toString('base64url')), null);
    assert.ok(results.every((result) => result !== 'ok'));
  });
}

test('a sealed value is no secret at rest, whatever its kid says', () => {
  const { sealer } = testSealer({ ring: SEALED_RING });
  const sealed = sealer.seal(ssoSession, { context: CONTEXT, iat: NOW, exp: NOW + 60, body: SECRET });
  if (isSealRefusal(sealed)) assert.fail(sealed.refused);
  const { cipher, results } = testCipher(RING);
  const bytes = Buffer.from(sealed.token, 'base64url');
  assert.equal(cipher.decrypt(CONTEXT, sealed.token), null);
  bytes.set(Buffer.from(KEY.kid, 'hex'), 1);
  assert.equal(cipher.decrypt(CONTEXT, bytes.toString('base64url')), null);
  assert.deepEqual(results, ['unknown-kid', 'tampered']);
});

test('a new ring in the middle is used at once, and what the old one encrypted stays readable', () => {
  let ring = RING;
  const { cipher } = testCipher(() => ring);
  const before = cipher.encrypt(CONTEXT, SECRET);
  const newer = dataKeyOf(0x13, NOW - 2000);
  ring = dataRingOf([KEY, newer], { serial: 2 });
  assert.equal(cipher.primaryKid(), newer.kid);
  assert.equal(dataPrimary(ring, NOW).because, 'due');
  assert.equal(cipher.kidOf(cipher.encrypt(CONTEXT, SECRET)), newer.kid);
  assert.deepEqual(cipher.decrypt(CONTEXT, before), new Uint8Array(SECRET));
});

test('the node’s own generator is asked for each nonce', () => {
  const lengths: number[] = [];
  const cipher = createDataCipher({
    ring: () => RING,
    reread: () => false,
    clock: () => NOW,
    random: (length) => {
      lengths.push(length);
      return Buffer.alloc(length, lengths.length);
    },
    observe: () => {},
  });
  cipher.encrypt(CONTEXT, SECRET);
  cipher.encrypt(CONTEXT, SECRET);
  assert.deepEqual(lengths, [24, 24]);
});
