import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireTool, runTool } from './tools.ts';

/** Runs with another value of CI. */
function withCi<T>(value: string, run: () => T): T {
  const before = process.env.CI;
  process.env.CI = value;
  try {
    return run();
  } finally {
    if (before === undefined) delete process.env.CI;
    else process.env.CI = before;
  }
}

test('a missing tool skips with its name, and fails in CI', () => {
  const skipped: unknown[] = [];
  const t = { skip: (message?: string) => skipped.push(message) };
  for (const name of ['no-such-tool-here', '/no/such/file']) {
    assert.equal(
      withCi('', () => requireTool(t, name)),
      false,
    );
    assert.throws(() => withCi('true', () => requireTool(t, name)), new RegExp(name));
  }
  assert.deepEqual(skipped, ['no-such-tool-here is not installed', '/no/such/file is not installed']);
  assert.equal(
    withCi('true', () => requireTool(t, 'sh') && requireTool(t, '/bin/sh')),
    true,
  );
  assert.equal(skipped.length, 2);
});

test('a tool gets its input and says how it ended', () => {
  assert.deepEqual(runTool('cat', [], { input: 'x' }), { ok: true, stdout: Buffer.from('x'), stderr: '' });
  assert.equal(runTool('sh', ['-c', 'exit 3']).ok, false);
  assert.throws(() => runTool('no-such-tool-here', []), { code: 'ENOENT' });
});
