// A theme is refused at the start, with everything that is wrong with it, or it can show every page.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ProblemsError } from '../../src/lib/problems.ts';
import { openTheme } from '../../src/web/theme.ts';

const OWN = join(import.meta.dirname, '../../src/web/pages');

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'signet-theme-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

function problemsOf(folder: string): readonly string[] {
  try {
    openTheme(folder);
    return [];
  } catch (error) {
    assert.ok(error instanceof ProblemsError, String(error));
    return error.problems.map(({ found }) => found);
  }
}

test('without a theme there are our own pages, and no logo', () => {
  const { assets } = openTheme(null);
  assert.deepEqual([...assets.keys()], ['signet.css', 'webauthn.js']);
});

test('the documented example is a theme', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/themes.md'), 'utf8');
  const [, css = ''] = /```css\n([\s\S]*?)```/.exec(text) ?? [];
  const [, layout = ''] = /```html\n([\s\S]*?)```/.exec(text) ?? [];
  const logo = '<svg xmlns="http://www.w3.org/2000/svg"/>';
  const files = { 'style.css': css, 'layout.eta': layout, 'logo.svg': logo, 'README.md': 'x', '.git': '' };
  const { pages, assets } = openTheme(folderWith(files));
  const page = pages.message('de', 200, { title: 'Titel', text: ['Text'], reference: null });
  assert.match(page.text, /<html lang="de">[\s\S]*<title>Titel – Example University<\/title>[\s\S]*logo\.svg/);
  assert.equal(assets.get('logo.svg')?.contentType, 'image/svg+xml');
  const styles = assets.get('signet.css')?.text ?? '';
  assert.ok(styles.indexOf('--accent: #00594c') > styles.indexOf('--accent: #1f4fa3'), 'behind our own');
});

test('what a theme says is escaped as in our own pages', () => {
  const { pages } = openTheme(
    folderWith({ 'message.eta': "<% layout('@layout', { title: it.title }) %><%= it.title %>" }),
  );
  const { text } = pages.message('en', 200, { title: '<script>x</script>', text: [], reference: null });
  assert.ok(!text.includes('<script>x'), text);
});

const own = (name: string): string => readFileSync(join(OWN, name), 'utf8');

for (const { name, files, found } of [
  {
    name: 'a file that nothing asks for',
    files: { 'logn.eta': '', 'x.js': '' },
    found: [/^a file that/, /^a file that/],
  },
  { name: 'an unclosed tag', files: { 'login.eta': '<% if (it.x) {' }, found: [/unclosed tag/] },
  { name: 'no JavaScript', files: { 'login.eta': '<% if (it.x { %>' }, found: [/Eta|Bad template|syntax/i] },
  { name: 'a name that is not there', files: { 'home.eta': '<%= it.nothing.at.all %>' }, found: [/undefined/] },
  { name: 'a template that is not there', files: { 'home.eta': "<%~ include('@frame', it) %>" }, found: [/@frame/] },
  {
    name: 'a login page that lost its form token',
    files: { 'login.eta': own('login.eta').replaceAll('it.formToken', "''") },
    found: [/'Error: Sign in' without its form/, /'Fehler: Anmelden' without its form/],
  },
  {
    name: 'a page for consent that cannot be agreed to',
    files: { 'consent.eta': own('consent.eta').replaceAll('name="agree"', '') },
    found: [/' without agree$/, /' without agree$/],
  },
  {
    name: 'a page for consent that does not say to what',
    files: { 'consent.eta': own('consent.eta').replaceAll('name="consent"', 'name="kind"') },
    found: [/' without consent$/, /' without consent$/],
  },
  {
    name: 'a page that hands nothing on',
    files: { 'auto-post.eta': own('auto-post.eta').replaceAll('name="<%= name %>"', '') },
    found: [/' without RelayState$/, /' without RelayState$/],
  },
  {
    name: 'a script inside a page',
    files: { 'message.eta': '<title>Mine</title><script>alert(1)</script>' },
    found: [/'Mine' with a script/, /'Mine' with a script/],
  },
  {
    name: 'a style inside a page',
    files: { 'message.eta': '<title>Mine</title><p style="color: red">x</p>' },
    found: [/'Mine' with a script or style/, /'Mine' with a script or style/],
  },
  { name: 'a large file', files: { 'style.css': 'x'.repeat(300_000) }, found: [/a large file/] },
] as const) {
  test(`refused: ${name}`, () => {
    const problems = problemsOf(folderWith(files));
    assert.equal(problems.length, found.length, problems.join('\n'));
    for (const [i, pattern] of found.entries()) assert.match(problems[i] ?? '', pattern);
  });
}

test('refused: no folder, a file in its place, a folder in a file’s place', () => {
  const folder = folderWith({ file: '' });
  assert.match(problemsOf(join(folder, 'nowhere'))[0] ?? '', /ENOENT/);
  assert.match(problemsOf(join(folder, 'file'))[0] ?? '', /ENOTDIR/);
  const odd = folderWith({});
  mkdirSync(join(odd, 'style.css'));
  assert.match(problemsOf(odd)[0] ?? '', /EISDIR/);
});
