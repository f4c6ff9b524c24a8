// Owns: running `signet keys …` in this process on a clock and a generator that a test chooses.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Command } from 'commander';
import { CliFailure } from '../../src/cli/io.ts';
import { addKeysCommand } from '../../src/cli/keys.ts';
import { formatKeyring, type Keyring, parseKeyring } from '../../src/sealer/keyring.ts';
import { NOW } from '../sealer/support.ts';

export function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'signet-cli-keys-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** Writes a ring as a keyring file of a new folder, and answers its path. */
export function ringFile(t: TestContext, ring: Keyring, mode = 0o600): string {
  const path = join(folder(t), 'sealer.json');
  writeFileSync(path, formatKeyring(ring), { mode });
  return path;
}

export function ringIn(path: string): Keyring {
  return parseKeyring(readFileSync(path), { minSerial: 0 });
}

export interface KeysRun {
  readonly output: string;
  readonly exitCode: number;
  /** What a person reads on standard error; empty when it went well. */
  readonly failure: string;
}

export interface RunParts {
  readonly now?: number;
  readonly random?: (length: number) => Buffer;
}

/** Runs one command; failures other than CliFailure are thrown on, with what was printed before them. */
export async function runKeys(args: readonly string[], parts: RunParts = {}): Promise<KeysRun> {
  let output = '';
  let draws = 0;
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  addKeysCommand(program, {
    out: (text) => {
      output += text;
    },
    clock: () => parts.now ?? NOW,
    random: parts.random ?? ((length) => Buffer.alloc(length, 0xa7 + draws++)),
    environment: {},
  });
  // Options of subcommands are reported like the program's.
  for (const command of program.commands.flatMap((keys) => [keys, ...keys.commands])) {
    command.exitOverride().configureOutput({ writeErr: () => {} });
  }
  try {
    await program.parseAsync(['keys', ...args], { from: 'user' });
    return { output, exitCode: 0, failure: '' };
  } catch (error) {
    if (error instanceof CliFailure) return { output, exitCode: error.exitCode, failure: error.message };
    throw error;
  }
}
