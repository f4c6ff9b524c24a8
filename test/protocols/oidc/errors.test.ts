// docs/errors.md and the tables in the code say the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AUTHORIZATION_PROBLEMS,
  INTERACTION_ERRORS,
  OIDC_PAGES,
  REFUSAL_ERRORS,
} from '../../../src/protocols/oidc/oidc-errors.ts';
import { TOKEN_ERROR_STATUS } from '../../../src/protocols/oidc/token-errors.ts';
import { documentNamed } from '../../docs/documents.ts';

const { text } = documentNamed('docs/errors.md');

/** First cell to second cell of the tables in a section that have this in the head of their second column. */
function tableOf(heading: string, column: string): Readonly<Record<string, string>> {
  const section = text.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const [, table = ''] = section.split(`| ${column} |`);
  const rows = table.split('\n\n')[0] ?? '';
  const found = [...rows.matchAll(/^\| `([\w-]+)` \| (.*?) \|/gm)];
  return Object.fromEntries(found.map(([, code = '', cell = '']) => [code, cell.replaceAll('`', '')]));
}

const errorsOf = (table: Readonly<Record<string, { readonly error: string }>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(table).map(([code, { error }]) => [code, error]));

test('every refusal is documented, with its error', () => {
  const needed = Object.values(errorsOf(INTERACTION_ERRORS)).join(', ');
  const expected = { 'interaction-needed': needed, ...errorsOf(REFUSAL_ERRORS) };
  assert.deepEqual(tableOf('OpenID Connect: refusals', 'error'), expected);
});

test('every problem of an authorization request is documented, with its error', () => {
  assert.deepEqual(tableOf('OpenID Connect: authorization errors', 'error'), errorsOf(AUTHORIZATION_PROBLEMS));
});

test('every problem that a person reads is documented', () => {
  const documented = Object.keys(tableOf('OpenID Connect: authorization errors', 'page')).sort();
  assert.deepEqual(documented, Object.keys(OIDC_PAGES).sort());
});

test('every error of the endpoints for programs is documented, with its status', () => {
  const expected = Object.fromEntries(
    Object.entries(TOKEN_ERROR_STATUS).map(([code, status]) => [code, String(status)]),
  );
  assert.deepEqual(tableOf('OpenID Connect: errors of the endpoints for programs', 'status'), expected);
});

// RFC 6749 §4.1.2.1, §5.2: what may stand in error_description.
test('descriptions are plain ASCII without quotes', () => {
  const tables = [AUTHORIZATION_PROBLEMS, REFUSAL_ERRORS, INTERACTION_ERRORS];
  for (const { description } of tables.flatMap((table) => Object.values(table))) {
    assert.match(description, /^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/);
  }
});
