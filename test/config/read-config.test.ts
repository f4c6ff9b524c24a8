import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { configSchema } from '../../src/config/config.ts';
import { variableName } from '../../src/config/environment.ts';
import { leafPaths, readConfig } from '../../src/config/read-config.ts';
import { ProblemsError } from '../../src/lib/problems.ts';

function configFile(text: string, others: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'signet-'));
  for (const [name, content] of Object.entries(others)) writeFileSync(join(folder, name), content);
  const path = join(folder, 'signet.yaml');
  writeFileSync(path, text);
  return path;
}

function problemsOf(text: string, environment = {}, others = {}): readonly string[] {
  try {
    readConfig(configFile(text, others), environment);
    return [];
  } catch (error) {
    if (error instanceof ProblemsError)
      return error.problems.map(({ path, found, wanted }) => `${path}|${found}|${wanted}`);
    throw error;
  }
}

const URL_LINE = 'publicUrl: https://idp.example.org\n';

test('defaults are filled in, paths start at the file, the result is frozen', () => {
  const path = configFile(URL_LINE);
  const config = readConfig(path, {});
  assert.equal(config.entityId, 'https://idp.example.org/saml/idp/metadata');
  assert.equal(config.session.idle, 3600);
  assert.equal(config.session.absolute, 43_200);
  assert.equal(config.keyring.file, join(path, '..', 'keys/sealer.json'));
  assert.equal(config.plainHttp, false);
  assert.ok(Object.isFrozen(config) && Object.isFrozen(config.session) && Object.isFrozen(config.trustedProxies));
});

test('a section with every line commented out is not set', () => {
  assert.deepEqual(problemsOf(`${URL_LINE}session:\n  # idle: 5\n`), []);
});

test('includes are merged; what the including file says wins', () => {
  const others = { 'more.yaml': 'session: { idle: 7, absolute: 70 }\nskew: 5\n' };
  const config = readConfig(configFile(`${URL_LINE}include: [more.yaml]\nsession: { idle: 9 }\n`, others), {});
  assert.deepEqual([config.session.idle, config.session.absolute, config.skew], [9, 70, 5]);
});

test('the environment overrides the file', () => {
  const environment = {
    SIGNET_SESSION_IDLE: '30',
    SIGNET_TRUSTED_PROXIES: '[10.0.0.0/8]',
    SIGNET_PUBLIC_URL: 'https://b.example',
    PATH: '/bin',
  };
  const config = readConfig(configFile(URL_LINE), environment);
  assert.equal(config.session.idle, 30);
  assert.deepEqual(config.trustedProxies, ['10.0.0.0/8']);
  assert.equal(config.publicUrl, 'https://b.example');
});

test('every setting has an environment variable of its own', () => {
  const names = leafPaths(configSchema, []).map(variableName);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.includes('SIGNET_KEYRING_MIN_SERIAL'));
});

const refused: readonly { name: string; text: string; environment?: object; others?: object; expect: RegExp }[] = [
  { name: 'no public URL', text: 'skew: 5\n', expect: /^publicUrl\|nothing\|/ },
  {
    name: 'plain http elsewhere',
    text: 'publicUrl: http://idp.example.org\n',
    expect: /^publicUrl\|http:\/\/idp.example.org\|https; plain http only on/,
  },
  {
    name: 'a path in the public URL',
    text: 'publicUrl: https://idp.example.org/sso\n',
    expect: /^publicUrl\|.*scheme, host and port only/,
  },
  {
    name: 'a password in the public URL',
    text: 'publicUrl: https://a@idp.example.org/\n',
    expect: /^publicUrl\|.*scheme, host and port only/,
  },
  { name: 'an address that is none', text: 'publicUrl: idp\n', expect: /^publicUrl\|"idp"\|an https address/ },
  { name: 'another scheme', text: 'publicUrl: ftp://localhost\n', expect: /^publicUrl\|.*an https address/ },
  {
    name: 'an unknown setting',
    text: `${URL_LINE}session: { idel: 5 }\n`,
    expect: /^session.idel\|an unknown setting\|.*idle/,
  },
  {
    name: 'an unknown section',
    text: `${URL_LINE}sesion: { idle: 5 }\n`,
    expect: /^sesion\|an unknown setting\|.*session/,
  },
  {
    name: 'an unknown variable',
    text: URL_LINE,
    environment: { SIGNET_SESION_IDLE: '5' },
    expect: /^environment SIGNET_SESION_IDLE\|an unknown setting\|.*SIGNET_SESSION_IDLE/,
  },
  { name: 'a wrong type', text: `${URL_LINE}session: { idle: soon }\n`, expect: /^session.idle\|"soon"\|/ },
  {
    name: 'idle longer than absolute',
    text: `${URL_LINE}session: { idle: 60, absolute: 30 }\n`,
    expect: /^session.idle\|60\|at most session.absolute/,
  },
  {
    name: 'an absolute lifetime that no sealed session can have',
    text: `${URL_LINE}session: { absolute: 90000 }\n`,
    expect: /^session.absolute\|90000\|/,
  },
  { name: 'a damaged listener', text: `${URL_LINE}listen: "8080"\n`, expect: /^listen\|"8080"\|HOST:PORT/ },
  { name: 'a key given twice', text: `${URL_LINE}skew: 1\nskew: 2\n`, expect: /valid YAML$/ },
  { name: 'no mapping', text: '- a\n', expect: /a mapping of settings$/ },
  {
    name: 'an include that is not there',
    text: `${URL_LINE}include: gone.yaml\n`,
    expect: /gone.yaml\|no such file \(ENOENT\)\|/,
  },
  {
    name: 'includes in a circle',
    text: `${URL_LINE}include: a.yaml\n`,
    others: { 'a.yaml': 'include: signet.yaml\n' },
    expect: /circle$/,
  },
  {
    name: 'a prototype key',
    text: `${URL_LINE}__proto__: { polluted: true }\n`,
    expect: /__proto__\|an unknown setting\|/,
  },
];
for (const row of refused) {
  test(`refused: ${row.name}`, () => {
    const problems = problemsOf(row.text, row.environment, row.others);
    assert.ok(
      problems.some((problem) => row.expect.test(problem)),
      problems.join('\n'),
    );
  });
}

test('all problems come at once', () => {
  const problems = problemsOf('publicUrl: 5\nskew: -1\nunknown: true\nlisten: x\n', { SIGNET_NOTHING: '1' });
  assert.deepEqual(
    problems.map((problem) => problem.replace(/one of 'publicUrl', .*'shutdown'$/, 'one of …')),
    [
      "environment SIGNET_NOTHING|an unknown setting|one that there is, for example 'SIGNET_PUBLIC_URL'",
      'publicUrl|5|a text',
      'listen|"x"|HOST:PORT, for example 127.0.0.1:8080',
      'skew|-1|at least 0',
      'unknown|an unknown setting|one of …',
    ],
  );
});

test('a file that is not there', () => {
  assert.throws(() => readConfig('/nonexistent/signet.yaml', {}), ProblemsError);
});
