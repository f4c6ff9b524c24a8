import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { describe, test } from 'node:test';
import { decodeBase64url } from '../../src/lib/base64url.ts';
import { keyIdOf, nonceKey, purposeKey, sealingPrk } from '../../src/sealer/derive.ts';
import { additionalData, writeContent } from '../../src/sealer/envelope.ts';
import { FUTURE_TOLERANCE, LONGEST_LIFETIME, PURPOSES } from '../../src/sealer/purpose.ts';
import { file, hex, KEY1, KEY2, purposeNamed, testSealer } from './support.ts';

test('the purposes are those of the vectors, limit by limit', () => {
  const ours = Object.fromEntries(
    [...PURPOSES].map(([name, purpose]) => [
      name,
      {
        bucket: purpose.bucket,
        max_lifetime: purpose.maxLifetime,
        max_chars: purpose.maxCharacters,
        deterministic: purpose.deterministic,
        tolerance_after_exp: purpose.toleranceAfterExp,
      },
    ]),
  );
  // What came later is held to docs/sealed-values.md (test/docs); nothing of the vectors may change or go.
  const theirs = Object.keys(file.purposes);
  assert.deepEqual(Object.fromEntries(theirs.map((name) => [name, ours[name]])), file.purposes);
  assert.equal(FUTURE_TOLERANCE, file.future_tolerance);
  assert.equal(LONGEST_LIFETIME, 90 * 86_400);
});

test('keys are derived as the vectors say', () => {
  const { keys } = file;
  const prk = sealingPrk(createSecretKey(hex(keys.mk1)));
  assert.equal(prk.toString('hex'), keys.prk1);
  assert.equal(keyIdOf(prk).toString('hex'), keys.kid1);
  assert.equal(purposeKey(prk, keys.realm, 'sso-session').toString('hex'), keys['key1_sso-session']);
  assert.equal(nonceKey(prk, keys.realm, 'saml-transient').toString('hex'), keys['det1_saml-transient']);
  assert.equal(KEY1.kid, keys.kid1);
  assert.equal(KEY2.kid, keys.kid2);
});

for (const given of file.vectors) {
  const purpose = purposeNamed(given.purpose);

  describe(`vector ${given.name}`, () => {
    test('additional data and plaintext', () => {
      assert.equal(additionalData(hex(given.kid), purpose, given.context)?.toString('hex'), given.aad);
      assert.equal(writeContent(purpose, given, hex(given.body)).toString('hex'), given.plaintext);
    });

    test('opens', () => {
      const { sealer, results } = testSealer({ clock: () => given.iat });
      const opened = sealer.open(purpose, given.context, given.token);
      assert.ok(opened);
      const { schema, iat, exp, kid } = given;
      assert.deepEqual(
        { ...opened, body: Buffer.from(opened.body).toString('hex') },
        {
          body: given.body,
          schema,
          iat,
          exp,
          kid,
          laterKey: given.kid === file.keys.kid2,
        },
      );
      assert.deepEqual(results, ['ok']);
    });

    test('is sealed to the same token', () => {
      // A deterministic purpose must not ask for randomness at all.
      const random = (): Buffer => (purpose.deterministic ? assert.fail('asked for randomness') : hex(given.nonce));
      const { sealer } = testSealer({ clock: () => given.iat, random });
      const { context, schema, iat, exp, kid } = given;
      const sealed = sealer.seal(purpose, { context, schema, iat, exp, kid, body: hex(given.body) });
      assert.deepEqual(sealed, { token: given.token, kid, iat, exp });
    });

    // CVE-2026-40372 (ASP.NET Core Data Protection): the validation skipped bytes of the payload, so changed values
    // were accepted. Here every bit of every byte matters.
    test('every single-bit mutant is refused', () => {
      const { sealer, results } = testSealer({ clock: () => given.iat });
      const bytes: Buffer | null = decodeBase64url(given.token);
      assert.ok(bytes);
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const mutant: Buffer = Buffer.from(bytes);
        mutant[bit >> 3] = bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7));
        assert.equal(sealer.open(purpose, given.context, mutant.toString('base64url')), null, `bit ${bit}`);
      }
      const counts = Object.groupBy(results, (result) => result);
      assert.equal(counts.shape?.length, 8);
      assert.equal(counts['unknown-kid']?.length, 64);
      assert.equal(counts.tampered?.length, (bytes.length - 9) * 8);
    });

    test('every truncation, and every character more, is refused', () => {
      const { sealer } = testSealer({ clock: () => given.iat });
      for (let length = 0; length < given.token.length; length++) {
        assert.equal(sealer.open(purpose, given.context, given.token.slice(0, length)), null, `length ${length}`);
      }
      for (const more of ['A', 'AA', '=', '==', ' ', '\n', '\0', 'A'.repeat((purpose.bucket * 4) / 3)]) {
        assert.equal(sealer.open(purpose, given.context, given.token + more), null, JSON.stringify(more));
        assert.equal(sealer.open(purpose, given.context, more + given.token), null, JSON.stringify(more));
      }
    });

    test('no other purpose and no other context opens it', () => {
      const { sealer } = testSealer({ clock: () => given.iat });
      for (const other of PURPOSES.values()) {
        if (other !== purpose) assert.equal(sealer.open(other, given.context, given.token), null, other.name);
      }
      for (const context of ['', `${given.context} `, `${given.context}\0`, given.context.toUpperCase(), 'other']) {
        if (context !== given.context) assert.equal(sealer.open(purpose, context, given.token), null, context);
      }
    });
  });
}

const REASONS: Readonly<Record<string, string>> = {
  'padding not zero': 'padding',
  'length not a multiple of the bucket': 'shape',
  'one bucket too many': 'padding',
  'body length past the end': 'padding',
  'exp not after iat': 'lifetime',
  'lifetime over the maximum': 'lifetime',
  expired: 'expired',
  'from the future': 'future',
};

for (const given of file.refused) {
  test(`refused: ${given.why}`, () => {
    const purpose = purposeNamed(given.purpose);
    const { sealer, results } = testSealer({ clock: () => given.now });
    assert.equal(sealer.open(purpose, given.context, given.token), null);
    assert.deepEqual(results, [REASONS[given.why]]);
    const twin = given.twin_that_opens;
    assert.ok(testSealer({ clock: () => twin.now }).sealer.open(purpose, given.context, twin.token));
  });
}
