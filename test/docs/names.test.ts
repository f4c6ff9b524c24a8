// What the documents name must be there: settings, commands and options, metrics, files, links.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { Command } from 'commander';
import { haproxyConfig } from '../../scripts/haproxy.ts';
import { createProgram } from '../../src/cli/signet.ts';
import { configSchema } from '../../src/config/config.ts';
import { SECRET_VARIABLES, variableName } from '../../src/config/environment.ts';
import { leafPaths } from '../../src/config/read-config.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { EXAMPLE_PARTY_SETTINGS } from '../../src/parties/example-settings.ts';
import { readPartySettings } from '../../src/parties/party-settings.ts';
import { codeOf, documentNamed, documents, root } from './documents.ts';

const leaves = leafPaths(configSchema, []);
const variables = new Set([...leaves.map(variableName), ...SECRET_VARIABLES]);
/** Settings, and the sections above them. */
const settings = new Set(leaves.flatMap((path) => path.map((_, i) => path.slice(0, i + 1).join('.'))));
const sections = new Set(leaves.map(([first = '']) => first));

const program = createProgram({
  out: () => {},
  err: () => {},
  readStdin: async () => '',
  askSecret: async () => null,
  clock: () => 0,
  random: systemRandom(),
  environment: {},
});

/** What is wrong with a `signet …` line; null when the program has the command and its options. */
function commandFault(line: string): string | null {
  const words = line.replace(/#.*$/, '').trim().split(/\s+/);
  let command: Command = program;
  for (const word of words) {
    if (command.commands.length === 0) break;
    if (!/^[a-z][a-z-]*$/.test(word)) break;
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) return `no command '${word}'`;
    command = next;
  }
  for (const option of words.filter((word) => /^--[a-z]/.test(word))) {
    const name = option.replace(/=.*$/, '').replace(/[^a-z-]+$/, '');
    if (!command.options.some((one) => one.long === name)) return `${command.name()} has no option ${name}`;
  }
  return null;
}

for (const document of documents()) {
  const code = codeOf(document);

  test(`${document.path}: every setting that it names is one`, () => {
    const wrong: string[] = [];
    for (const span of code) {
      for (const [name] of span.matchAll(/\bSIGNET_[A-Z_]+\b/g)) if (!variables.has(name)) wrong.push(name);
      const [, path, first = ''] = /^(([a-z]\w*)(?:\.[a-z]\w*)+)(?::.*)?$/i.exec(span) ?? [];
      if (path === undefined || !sections.has(first) || /\.(yaml|json|ts|md|pem)$/.test(path)) continue;
      if (!settings.has(path)) wrong.push(path);
    }
    assert.deepEqual(wrong, []);
  });

  test(`${document.path}: every command that it names is one`, () => {
    const wrong = code.flatMap((span) => {
      const [, line] = /(?:^|\| |[;&] )(?:npx )?signet ([a-z].*)$/.exec(span) ?? [];
      const fault = line === undefined ? null : commandFault(line);
      return fault === null ? [] : [`${span}: ${fault}`];
    });
    assert.deepEqual(wrong, []);
  });

  test(`${document.path}: every link and every file that it names is there`, () => {
    const wrong: string[] = [];
    for (const [, target = ''] of document.text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file = '', anchor] = target.split('#');
      const path = file === '' ? document.path : join(dirname(document.path), file);
      if (!existsSync(join(root, path))) wrong.push(target);
      else if (anchor !== undefined && !anchorsOf(documentNamed(path).text).includes(anchor)) wrong.push(target);
    }
    for (const span of code) {
      const [name] = /^(?:src|test|scripts|docs)\/[\w./-]*\.(?:ts|json|yaml)$/.exec(span) ?? [];
      if (name !== undefined && !existsSync(join(root, name))) wrong.push(name);
    }
    assert.deepEqual(wrong, []);
  });
}

function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test('a name that is not there would be found', () => {
  assert.match(commandFault('sessions revoke --everybody') ?? '', /no option --everybody/);
  assert.match(commandFault('keys shuffle') ?? '', /no command 'shuffle'/);
  assert.equal(commandFault('users add alice --attribute mail=a@b --config x'), null);
  assert.ok(!settings.has('session.idel') && !variables.has('SIGNET_SESSION_IDEL'));
});

test('operations.md has every metric, and no other', async () => {
  const { registry } = createMetrics('test');
  const there = (await registry.getMetricsAsJSON())
    .map(({ name }) => name)
    .filter((name) => name.startsWith('signet_'));
  const named = new Set(documentNamed('docs/operations.md').text.match(/\bsignet_[a-z_]+\b/g));
  assert.deepEqual([...named].sort(), there.sort());
});

test('README has every section of the configuration, and no other', () => {
  const { text } = documentNamed('README.md');
  const table = text.slice(text.indexOf('## Configuration'), text.indexOf('## Reading on'));
  const rows = [...table.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) => [...cell.matchAll(/`(\w+)`/g)]);
  assert.deepEqual(rows.map(([, name]) => name).sort(), [...sections].sort());
});

test("README's part for operators fits a screen", () => {
  const { text } = documentNamed('README.md');
  const part = text.slice(text.indexOf('## Running it'), text.indexOf('## Configuration')).trim().split('\n');
  assert.ok(part.length > 20 && part.length <= 40, `${part.length} lines`);
  for (const subject of ['/readyz', 'rotate-keys.sh', '--all --replace', 'Add a node', '#tonight']) {
    assert.ok(
      part.some((line) => line.includes(subject)),
      subject,
    );
  }
});

test('parties.md shows settings that are read, and every one that the example has', () => {
  const [, yaml = ''] = /^```yaml\n([\s\S]*?)^```$/m.exec(documentNamed('docs/parties.md').text) ?? [];
  const shown = readPartySettings(yaml, 'docs/parties.md');
  assert.ok(!Array.isArray(shown), JSON.stringify(shown));
  const topLevel = (text: string): string[] =>
    [...text.matchAll(/^#?([a-z]\w+):/gim)].map(([, name = '']) => name).sort();
  assert.deepEqual(topLevel(yaml), topLevel(EXAMPLE_PARTY_SETTINGS));
});

test('operations.md has the HAProxy settings that the tests run with, every one of the backend and no other', () => {
  const { text } = documentNamed('docs/operations.md');
  const table = text.slice(text.indexOf('### HAProxy'), text.indexOf('### nginx'));
  const named = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span),
  );
  const config = haproxyConfig({ port: 80, nodes: [] });
  assert.deepEqual(
    named.filter((setting) => !setting.includes('…') && !config.includes(setting)),
    [],
  );
  const backend = config.slice(config.indexOf('\nbackend nodes')).split('\n').slice(2);
  const unnamed = backend.flatMap((line) =>
    line
      .trim()
      .replace(/^default-server /, '')
      .split(/ (?=on-marked-down)/),
  );
  assert.deepEqual(
    unnamed.filter((setting) => setting !== '' && !named.includes(setting)),
    [],
  );
});
