import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { createPasswordPolicy } from '../../src/methods/password-policy.ts';
import { readCommonWords } from '../../src/methods/predictable.ts';

const policy = createPasswordPolicy({ minLength: 12, serviceWords: ['Example Sign-in', 'idp.example.org'] });
const anna = ['anna.muster@example.org', 'Anna Muster'];
const verdict = (typed: string, person = anna): string => {
  const answer = policy.judge(typed, person);
  return answer.kind === 'good' ? 'good' : answer.problem.kind;
};

const rows: readonly (readonly [typed: string, verdict: string])[] = [
  // NIST SP 800-63B-4 §3.1.1.2: length in characters, all of Unicode, spaces, no composition rules.
  ['', 'too-short'],
  ['tenletters', 'too-short'],
  ['elevenletts', 'too-short'],
  ['twelvebadger', 'good'],
  ['no rules at all', 'good'],
  ['alllowercaseletters', 'good'],
  ['ALLUPPERCASELETTERS', 'good'],
  ['493028117263', 'good'],
  ['#§%&*(){}[]<>?', 'good'],
  ['日本語のパスワードです長い', 'good'],
  ['🐴🔋📎✅🦄🍀🌙🎈🚲🪁🧩🧵', 'good'],
  ['🐴🔋📎✅🦄🍀🌙🎈🚲🪁🧩', 'too-short'],
  ['\ud800twelvebadgers', 'unreadable'],
  ['purple elephant stapler', 'good'],
  ['my dog ate nine sandwiches', 'good'],
  ['grüße aus dem süden', 'good'],
  [`${'correct horse '.repeat(3)}staple`, 'good'],
  // Common words, dressed up.
  ['password1234', 'common'],
  ['Password2026!', 'common'],
  ['P4ssw0rd!2026', 'common'],
  ['p@$$w0rd1234', 'common'],
  ['P a s s w o r d 1 2', 'common'],
  ['2026Passwort!', 'common'],
  ['$ummer2026!!!', 'common'],
  ['@dministrator', 'common'],
  ['4dministr4t0r1', 'common'],
  ['Frühling2026', 'common'],
  ['Fruehling-2026', 'common'],
  ['Liverpool1892', 'common'],
  ['passwordpassword', 'common'],
  ['PassWordPassWord1', 'common'],
  ['password1234567', 'common'],
  ['iloveyou111111111', 'common'],
  ['correcthorsebatterystaple', 'common'],
  ['summer83629174502', 'good'],
  // Keyboard walks, forwards, backwards, down the columns, on three layouts.
  ['123456789012', 'common'],
  ['987654321098', 'common'],
  ['qwertyuiop123', 'common'],
  ['qwertzuiop123', 'common'],
  ['azertyuiop123', 'common'],
  ['1q2w3e4r5t6z', 'common'],
  ['1qaz2wsx3edc', 'common'],
  ['zaq1xsw2cde3', 'common'],
  ['abcdefghijkl', 'common'],
  ['kjhgfdsapoiu', 'common'],
  ['qwe-asd-zxc-123', 'common'],
  // Repetitions.
  ['aaaaaaaaaaaa', 'common'],
  ['!!!!!!!!!!!!', 'common'],
  ['abababababab', 'common'],
  ['xk7xk7xk7xk7', 'common'],
  ['aaaabbbbcccc', 'common'],
  ['010119900101', 'common'],
  // The person and the service.
  ['anna.muster2026', 'about-you'],
  ['MUSTERanna12!', 'about-you'],
  ['annaannaannaanna', 'about-you'],
  ['Änna-Müster-26', 'about-you'],
  ['example2026!!', 'about-you'],
  ['Example-Sign-in-1', 'about-you'],
  ['idp.example.org', 'about-you'],
  ['hannas excellent goose', 'good'],
];
for (const [typed, expected] of rows) {
  test(`${JSON.stringify(typed)} is ${expected}`, () => assert.equal(verdict(typed), expected));
}

test('what is good is prepared for hashing as it is when it is checked', () => {
  const answer = policy.judge('ﬁne Å twelve', []);
  assert.deepEqual(answer, { kind: 'good', prepared: 'fine Å twelve'.normalize('NFKC') });
});

// NIST SP 800-63B-4 §3.1.1.2: at least 64 characters; ours are 1,024 bytes, because hashing takes time for each.
test('long passwords are taken whole, too long ones are refused and not cut', () => {
  const long = 'badger '.repeat(146);
  assert.equal(Buffer.byteLength(long), 1022);
  assert.deepEqual(policy.judge(`${long}ab`, []), { kind: 'good', prepared: `${long}ab` });
  assert.deepEqual(policy.judge(`${long}abc`, []), {
    kind: 'refused',
    problem: { kind: 'too-long', mostBytes: 1024 },
  });
});

test('somebody whose name is short is not refused for it', () => {
  assert.equal(verdict('twelvebadger', ['el', 'v', '', '---']), 'good');
});

test('a person of another name may use this one', () => {
  assert.equal(verdict('musterknabe-26', ['ben']), 'good');
});

test('every word of the list is refused alone, when it is long enough, and decorated', () => {
  const short = createPasswordPolicy({ minLength: 3, serviceWords: [] });
  for (const word of readCommonWords()) {
    for (const typed of [word, word.toUpperCase(), `${word}2026!`, `!!${word}1`, word + word]) {
      assert.equal(short.judge(typed, []).kind, 'refused', typed);
    }
  }
});

test('the list is what its head says, in order, each word once', () => {
  const text = readFileSync(new URL('../../src/methods/common-words.txt', import.meta.url), 'utf8');
  const words = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  assert.ok(words.length > 2000);
  assert.deepEqual(words, [...new Set(words)].sort());
  for (const word of words) assert.match(word, /^[a-z]{3,}$/);
});

// Random passwords, as managers make them, must not be refused by accident.
test('random passwords are good', () => {
  const random = fc.array(fc.constantFrom(...'abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_'), {
    minLength: 20,
    maxLength: 40,
  });
  fc.assert(
    fc.property(random, (signs) => {
      fc.pre(new Set(signs).size > 8);
      assert.equal(verdict(signs.join('')), 'good');
    }),
    { seed: 20_261_122, numRuns: 500 },
  );
});

// CWE-400, CWE-1333
test('whatever is typed, judging takes no time to speak of', () => {
  const long = ['a'.repeat(1024), '1a'.repeat(512), '!1'.repeat(512), `${'ab'.repeat(511)}q`, 'qwertzuiop'.repeat(102)];
  const began = performance.now();
  for (const typed of [...long, `a${'1'.repeat(1022)}a`, 'é'.repeat(512), '\u0300'.repeat(512)]) verdict(typed);
  assert.ok(performance.now() - began < 500);
});
