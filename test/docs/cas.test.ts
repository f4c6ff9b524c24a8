// The commands of docs/cas.md are run as they stand there, its document is read, and its tables have what the program has.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { isProblems } from '../../src/parties/party-document.ts';
import { readService, serviceSchema } from '../../src/parties/service.ts';
import { CAS_PROBLEMS } from '../../src/protocols/cas/cas-errors.ts';
import { CAS_ENDPOINTS } from '../../src/protocols/cas/cas-server.ts';
import { documentNamed, PATH_WITH_SIGNET, testedBlock } from './documents.ts';

const document = documentNamed('docs/cas.md');

test('a service is registered by the lines of the document', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'signet-cas-docs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'signet.yaml'), 'publicUrl: https://idp.example.org\n');
  const ended = spawnSync('bash', ['-euo', 'pipefail', '-c', testedBlock(document, 'service')], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: PATH_WITH_SIGNET },
  });
  assert.equal(ended.status, 0, ended.stderr);
  assert.match(ended.stdout, /^ {2}Wiki, and under it {2}wiki-example-org-app-\w{6}\.service\.yaml$/m);
});

test('the document shows every setting of a service, and one that is read', () => {
  const [, yaml = ''] = /^```yaml\n([\s\S]*?)^```$/m.exec(document.text) ?? [];
  const shown: Readonly<Record<string, unknown>> = parse(yaml);
  const service = readService(shown, 'docs/cas.md');
  assert.ok(!isProblems(service), JSON.stringify(service));
  assert.deepEqual(Object.keys(shown).sort(), Object.keys(serviceSchema.shape).sort());
});

test('every endpoint stands there', () => {
  for (const endpoint of [...CAS_ENDPOINTS, 'login', 'logout']) {
    assert.ok(document.text.includes(`\`/cas/${endpoint}\``), endpoint);
  }
});

test('errors.md has every problem with its code', () => {
  const { text } = documentNamed('docs/errors.md');
  const rows = text.slice(text.indexOf('## CAS: protocol errors')).split('\n');
  for (const [problem, { error }] of Object.entries(CAS_PROBLEMS)) {
    assert.ok(
      rows.some((row) => row.includes(`\`${problem}\``) && row.includes(`\`${error}\``)),
      problem,
    );
  }
});
