// docs/errors.md and the tables in the code say the same.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { SAML_ERRORS } from '../../../src/protocols/saml/saml-errors.ts';
import { REFUSAL_STATUS } from '../../../src/protocols/saml/status.ts';

const text = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
const rowsOf = (heading: string): Map<string, readonly string[]> => {
  const section = text.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = [...section.matchAll(/^\| `([a-z-]+)` \|(.*)\|$/gm)];
  return new Map(rows.map(([, code = '', rest = '']) => [code, rest.split('|').map((cell) => cell.trim())]));
};
const short = (uri: string): string => uri.split(':').at(-1) ?? '';

test('every code of the closed union is documented, with its status', () => {
  const rows = rowsOf('SAML: protocol errors');
  assert.deepEqual([...rows.keys()].sort(), Object.keys(SAML_ERRORS).sort());
  for (const [code, { status, httpStatus }] of Object.entries(SAML_ERRORS)) {
    const [who, outcome] = rows.get(code) ?? [];
    const expected =
      who === 'party'
        ? [status.first, status.second]
            .filter((uri) => uri !== null)
            .map(short)
            .join(', ')
        : `page${httpStatus === 400 ? '' : `, ${httpStatus}`}`;
    assert.equal(outcome, expected, code);
  }
});

test('every refusal is documented, with its status', () => {
  const rows = rowsOf('SAML: refusals');
  assert.deepEqual([...rows.keys()].sort(), Object.keys(REFUSAL_STATUS).sort());
  for (const [reason, { second }] of Object.entries(REFUSAL_STATUS)) {
    assert.equal(rows.get(reason)?.[0], `\`${short(second)}\``, reason);
  }
});
