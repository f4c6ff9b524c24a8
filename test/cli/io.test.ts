import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visible } from '../../src/cli/io.ts';

// CWE-150: a name in a directory that clears the screen, or types a command into the terminal's title.
const rows: readonly (readonly [name: string, text: string, shown: string])[] = [
  ['plain text, tabs and lines', 'alice\tZo\u00eb\nbob\n', 'alice\tZo\u00eb\nbob\n'],
  ['an escape sequence', '\u001b[2Jalice', '\\u001b[2Jalice'],
  ['a carriage return that overwrites the line', 'alice\rroot', 'alice\\u000droot'],
  ['an eight-bit control sequence introducer', '\u009b31m', '\\u009b31m'],
  ['backspaces and a bell', 'a\b\u0007', 'a\\u0008\\u0007'],
];
for (const [name, text, shown] of rows) {
  test(`${name}`, () => assert.equal(visible(text), shown));
}

test('JSON is the same JSON', () => {
  const value = { name: '\u001b[2J\u009b\u007f\n' };
  assert.deepEqual(JSON.parse(visible(`${JSON.stringify(value)}\n`)), value);
});
