// A node and its data keyring: proved on the management listener, followed without a restart, refused when it is broken.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ProblemsError } from '../../src/lib/problems.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { type DataKeyring, dataRing } from '../../src/sealer/data-keyring.ts';
import { rotateData } from '../../src/sealer/data-rotation.ts';
import { type RingReport, readReport } from '../../src/sealer/ring-report.ts';
import { NOW, type OneNode, startOneNode } from '../support/one-node.ts';

async function management(t: TestContext, { node }: OneNode): Promise<(path: string) => Promise<Response>> {
  const server = createServer(node.managementListener).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return (path) => fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
}

const NONCE = 'AAAAAAAAAAAAAAAAAAAAAA';

function rotated(ring: DataKeyring): DataKeyring {
  const policy = { poll: 10, skew: 60, grace: 3600 };
  const input = { now: NOW, random: systemRandom(), policy, activateIn: 3600, ifOlderThan: null };
  const change = rotateData(ring, input);
  return change.kind === 'changed' ? change.ring : assert.fail(change.kind);
}

test('a node proves its data ring, follows the file, and keeps the old ring while the file is broken', async (t) => {
  const one = await startOneNode();
  t.after(one.close);
  const source = one.node.parts.dataKeyring ?? assert.fail('no data keyring');
  const ask = await management(t, one);
  const reported = async (): Promise<RingReport> => {
    const bytes = Buffer.from(await (await ask(`/data-keyring?nonce=${NONCE}`)).arrayBuffer());
    return readReport(dataRing, bytes, source.current(), NONCE) ?? assert.fail('no report');
  };
  const first = source.current();
  assert.deepEqual([(await reported()).proved, (await reported()).facts.serial], [true, 1]);
  assert.equal((await ask('/data-keyring?nonce=short')).status, 400);

  const next = rotated(first);
  writeFileSync(one.config.dataKeyring.file, dataRing.format(next));
  assert.equal(source.poll(), true);
  assert.deepEqual([(await reported()).proved, (await reported()).facts.serial], [true, 2]);
  assert.match(await (await ask('/metrics')).text(), /^signet_data_keyring_serial 2$/m);

  writeFileSync(one.config.dataKeyring.file, '{ not json');
  assert.equal(source.poll(), false);
  assert.equal((await reported()).facts.serial, 2);
  assert.equal((await ask('/readyz')).status, 200);
  const { dataKeyring } = (await (await ask('/status')).json()) as {
    dataKeyring: { serial: number; problems: unknown[] };
  };
  assert.deepEqual([dataKeyring.serial, dataKeyring.problems.length], [2, 1]);
  assert.match(await (await ask('/metrics')).text(), /^signet_load_errors_total\{what="data-keyring"\} 1$/m);
  for (const { master } of next.keys) {
    for (const spelling of ['hex', 'base64', 'base64url'] as const)
      assert.ok(!one.written().includes(master.export().toString(spelling).slice(0, 12)));
  }
});

test('a node does not start with a broken data keyring, nor without one beside a database; alone it does, and reports none', async (t) => {
  const one = await startOneNode();
  t.after(one.close);
  writeFileSync(one.config.dataKeyring.file, '{}');
  await assert.rejects(one.sibling(), (error) => error instanceof ProblemsError && /data\.json/.test(error.message));
  rmSync(one.config.dataKeyring.file);
  // With a database what is enrolled could not be read, and new enrolments not be kept.
  const refused = one.sibling({ SIGNET_DATABASE_URL: 'sqlite:signet.db' });
  await assert.rejects(refused, (error) => error instanceof ProblemsError && /data\.json/.test(error.message));
  const other = await one.sibling();
  t.after(other.close);
  const ask = await management(t, other);
  assert.equal((await ask(`/data-keyring?nonce=${NONCE}`)).status, 404);
  assert.equal((await ask(`/keyring?nonce=${NONCE}`)).status, 200);
});
