import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Language, languageOfTag, languageOfTags, preferredLanguage } from '../../src/core/language.ts';

// RFC 9110 §12.5.4; what is no header of a browser's is no wish.
const rows: readonly (readonly [header: string | undefined, otherwise: Language, expect: Language])[] = [
  [undefined, 'en', 'en'],
  [undefined, 'de', 'de'],
  ['', 'de', 'de'],
  ['de', 'en', 'de'],
  ['de-AT,de;q=0.9,en;q=0.8', 'en', 'de'],
  ['DE', 'en', 'de'],
  ['en;q=0.5, de;q=0.7', 'en', 'de'],
  ['de;q=0.5, en', 'de', 'en'],
  ['fr, it;q=0.9', 'de', 'de'],
  ['fr, it;q=0.9', 'en', 'en'],
  ['fr, de;q=0.1', 'en', 'de'],
  ['de;q=0', 'en', 'en'],
  ['de;q=0, *', 'en', 'en'],
  ['*', 'de', 'de'],
  ['fr, *;q=0.1', 'de', 'de'],
  ['de;q=7', 'en', 'en'],
  ['de;level=1', 'en', 'en'],
  ['dee', 'en', 'en'],
  ['__proto__', 'en', 'en'],
  [`${'fr,'.repeat(100)}de`, 'en', 'en'],
];

for (const [header, otherwise, expect] of rows) {
  test(`'${header?.slice(0, 40)}', else ${otherwise}: ${expect}`, () =>
    assert.equal(preferredLanguage(header, otherwise), expect));
}

test('a tag is known by its first part', () => {
  assert.deepEqual(['de', 'de-CH', 'EN-gb', 'fr', ''].map(languageOfTag), ['de', 'de', 'en', null, null]);
});

// OpenID Connect Core §3.1.2.1: an error should not result when none of them is there.
const wishes: readonly (readonly [tags: string | null, expect: Language | null])[] = [
  [null, null],
  ['', null],
  ['de', 'de'],
  ['de-CH-1996 en', 'de'],
  ['fr-CA fr en', 'en'],
  ['xx  DE', 'de'],
  ['en de', 'en'],
  ['fr it', null],
  // No tags.
  ['d', null],
  ['de_DE', null],
  ['de;q=1', null],
  ['de, en', 'en'],
  ['de-<script>', null],
  ['de-verylongsubtag', null],
  ['*', null],
  ['__proto__ constructor', null],
  [`${'fr '.repeat(42)}de`, 'de'],
  [`${'fr '.repeat(43)}de`, null],
];

for (const [tags, expect] of wishes) {
  test(`wished for '${tags?.slice(0, 30)}': ${expect}`, () => assert.equal(languageOfTags(tags), expect));
}
