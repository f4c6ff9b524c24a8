import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeMessage } from '../../src/web/code-message.ts';

for (const [language, begins] of [
  ['en', '481516 is your code for Example'],
  ['en-GB', '481516 is your code for Example'],
  ['de', '481516 ist Ihr Code für Example'],
  ['de-AT', '481516 ist Ihr Code für Example'],
  ['DE', '481516 ist Ihr Code für Example'],
  ['fr', '481516 is your code for Example'],
  ['', '481516 is your code for Example'],
  ['__proto__', '481516 is your code for Example'],
] as const) {
  test(`in '${language}' a message begins with '${begins}'`, () => {
    const { text, subject } = codeMessage('Example', language, '481516', 5);
    assert.ok(text.startsWith(begins), text);
    // It is shown on locked screens: the subject of a mail, at least, keeps the code to itself.
    assert.ok(!subject.includes('481516'));
    assert.doesNotMatch(text, /https?:/);
  });
}
