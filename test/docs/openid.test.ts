// The commands of docs/openid.md are run as they stand there, and its tables have what the program has.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { clientMetadataSchema } from '../../src/parties/client-metadata.ts';
import { ACR_VALUES } from '../../src/protocols/oidc/acr.ts';
import { documentNamed, PATH_WITH_SIGNET, testedBlock } from './documents.ts';

const document = documentNamed('docs/openid.md');

test('a client is registered by the lines of the document, and shown what they show', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'signet-openid-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'signet.yaml'), 'publicUrl: https://idp.example.org\n');
  const script = testedBlock(document, 'client');
  const ended = spawnSync('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: PATH_WITH_SIGNET },
  });
  assert.equal(ended.status, 0, ended.stderr);
  assert.match(
    ended.stdout,
    /^client_id {6}wiki\nclient_secret {2}[\w-]{43} {3}\(shown once\)\nwritten wiki\.client\.yaml; /,
  );
});

test('every setting of the member signet stands there, and no other', () => {
  const table = document.text.slice(
    document.text.indexOf('in the member `signet`'),
    document.text.indexOf('`subject_type`'),
  );
  const documented = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  const settings = Object.keys(clientMetadataSchema.shape.signet.unwrap().shape);
  assert.deepEqual(documented.sort(), settings.sort());
});

test('every acr value stands there', () => {
  for (const { value } of ACR_VALUES) assert.ok(document.text.includes(`\`${value}\``), value);
});
