// CWE-732: whoever may change people, parties or settings on the machine is named before they do.
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeProblems } from '../../src/node/who-may-write.ts';
import { startOneNode } from '../support/one-node.ts';

test('signet init leaves nothing that others may write; what they may is named, all of it, and the node starts', async (t) => {
  const node = await startOneNode();
  t.after(() => node.close());
  const { config } = node;
  assert.deepEqual(writeProblems(config), []);
  assert.deepEqual(
    node.node.parts.warnings.filter(({ found }) => found.startsWith('permissions')),
    [],
  );
  const [settings, people] = [join(config.folder, 'signet.yaml'), join(config.folder, 'users.yaml')];
  const { folder } = config.parties;
  for (const [path, mode] of [
    [settings, 0o664],
    [people, 0o660],
    [config.revocations.file, 0o660],
    [folder, 0o777],
    [join(config.folder, 'keys'), 0o770],
  ] as const) {
    chmodSync(path, mode);
  }
  const other = await node.sibling();
  t.after(() => other.close());
  const named = other.node.parts.warnings.filter(({ found }) => found.startsWith('permissions'));
  assert.deepEqual(
    named.map(({ path }) => path).sort(),
    [settings, people, config.revocations.file, folder, join(config.folder, 'keys')].sort(),
  );
});
