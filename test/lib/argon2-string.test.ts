import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  costKey,
  DEFAULT_ARGON2_COST,
  formatArgon2String,
  isAllowedCost,
  parseArgon2String,
} from '../../src/lib/argon2-string.ts';

const salt = 'AQEBAQEBAQEBAQEBAQEBAQ';
const hash = 'AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI';
const good = `$argon2id$v=19$m=65536,t=3,p=4$${salt}$${hash}`;

test('a hash of the default cost is read', () => {
  const read = parseArgon2String(good);
  assert.deepEqual(read?.cost, DEFAULT_ARGON2_COST);
  assert.equal(read?.salt.length, 16);
  assert.equal(read?.hash.length, 32);
});

test('the order that the argon2 package writes is read too, and written as the others are', () => {
  const read = parseArgon2String(good.replace('t=3,p=4', 'p=4,t=3'));
  assert.ok(read !== null);
  assert.equal(formatArgon2String(read), good);
});

const refused: readonly (readonly [name: string, text: string])[] = [
  ['empty', ''],
  ['a password', 'correct horse battery staple'],
  ['Argon2i', good.replace('argon2id', 'argon2i')],
  ['Argon2d', good.replace('argon2id', 'argon2d')],
  ['bcrypt', '$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcd'],
  ['version 16', good.replace('v=19', 'v=16')],
  ['no version', good.replace('$v=19', '')],
  ['64 GiB', good.replace('m=65536', 'm=67108864')],
  ['just over 1 GiB', good.replace('m=65536', 'm=1048577')],
  ['33 passes', good.replace('t=3', 't=33')],
  ['no pass', good.replace('t=3', 't=0')],
  ['17 lanes', good.replace('p=4', 'p=17')],
  ['less than 8 KiB a lane', good.replace('m=65536', 'm=31')],
  ['leading zero', good.replace('t=3', 't=03')],
  ['negative', good.replace('t=3', 't=-3')],
  ['exponent', good.replace('m=65536', 'm=1e5')],
  ['another order', good.replace('m=65536,t=3', 't=3,m=65536')],
  ['a parameter twice', good.replace('t=3,p=4', 't=3,t=3')],
  ['a key id parameter', good.replace('p=4', 'p=4,keyid=AAAA')],
  ['padding', `${good}=`],
  ['wrong trailing bits', `${good.slice(0, -1)}J`],
  ['base64url', good.replace(hash, hash.replaceAll('A', '-'))],
  ['short salt', good.replace(salt, 'AQEBAQEBAQ')],
  ['short hash', good.replace(hash, 'AgICAgICAgICAgICAgIC')],
  ['long hash', good + hash + hash],
  ['a line break after it', `${good}\n`],
  ['a space before it', ` ${good}`],
  ['two', `${good}${good}`],
];
for (const [name, text] of refused) {
  test(`refused: ${name}`, () => assert.equal(parseArgon2String(text), null));
}

test('what is written is read back, and is canonical', () => {
  const bytes = (least: number) => fc.uint8Array({ minLength: least, maxLength: 64 }).map((b) => Buffer.from(b));
  const cost = fc.record({
    memory: fc.integer({ min: 1, max: 1_048_576 }),
    time: fc.integer({ min: 1, max: 32 }),
    parallelism: fc.integer({ min: 1, max: 16 }),
  });
  fc.assert(
    fc.property(cost.filter(isAllowedCost), bytes(8), bytes(16), (c, s, h) => {
      const text = formatArgon2String({ cost: c, salt: s, hash: h });
      const read = parseArgon2String(text);
      assert.ok(read !== null);
      assert.equal(costKey(read.cost), costKey(c));
      assert.equal(formatArgon2String(read), text);
      assert.deepEqual([read.salt, read.hash], [s, h]);
    }),
  );
});
