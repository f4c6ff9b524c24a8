// Owns: which system tools the tests lean on. A missing tool skips a test with its name; in CI it fails the test.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import type { TestContext } from 'node:test';

/**
 * Whether a program on the PATH, or a file by its absolute path, is there.
 * When it is not, the test is skipped, or fails if `CI=true`; the caller returns at once:
 * `if (!requireTool(t, 'xmlsec1')) return;`
 */
export function requireTool(t: Pick<TestContext, 'skip'>, name: string): boolean {
  if (isAbsolute(name) ? existsSync(name) : isOnPath(name)) return true;
  if (process.env.CI === 'true') throw new Error(`${name} is not installed, and CI must run this test`);
  t.skip(`${name} is not installed`);
  return false;
}

export interface ToolResult {
  readonly ok: boolean;
  readonly stdout: Buffer;
  /** Standard error, for the message of a failed assertion. */
  readonly stderr: string;
}

/** Runs a tool to its end; a tool that cannot be started or hangs throws. */
export function runTool(
  name: string,
  args: readonly string[],
  options: { readonly input?: string | Uint8Array; readonly env?: Readonly<Record<string, string>> } = {},
): ToolResult {
  const result = spawnSync(name, args, {
    input: options.input ?? '',
    env: { ...process.env, ...options.env },
    timeout: 30_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.error !== undefined) throw result.error;
  return { ok: result.status === 0, stdout: result.stdout, stderr: result.stderr.toString() };
}

function isOnPath(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
