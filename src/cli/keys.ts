// Owns: `signet keys …`: making the keyring and showing it. Key bytes never appear in any output.
// Leaves to sealer/: what a ring is, and writing it. Exit status: 0 done, 1 error, 2 refused by an invariant.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { readConfig } from '../config/read-config.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { formatTime } from '../sealer/json-record.ts';
import { newKeyring, writeKeyring } from '../sealer/key-file.ts';
import { type Keyring, keyState, parseKeyring, primary } from '../sealer/keyring.ts';
import { readSecretFile } from '../sealer/secret-file.ts';
import { CliFailure, type CliIo } from './io.ts';

type KeysIo = Pick<CliIo, 'out' | 'clock' | 'random' | 'environment'>;

const DEFAULT_FILE = 'keys/sealer.json';

/** Adds `keys init` and `keys list` to the program; failures are CliFailure, ProblemsError and LockedError. */
export function addKeysCommand(program: Command, io: KeysIo): void {
  const keys = program.command('keys').description('the keyring that seals sessions and tickets');
  keys
    .command('init')
    .description('make a keyring with one key; an existing file is never overwritten')
    .requiredOption('--realm <uri>', "the identity provider's entityID")
    .option('--out <file>', 'where to write it', DEFAULT_FILE)
    .action((options: { realm: string; out: string }) => initKeyring(io, options));
  keys
    .command('list')
    .description('show keys, their states and times; never the keys themselves')
    .option('--json', 'for programs')
    .option('--config <file>', 'the configuration that names the keyring', 'signet.yaml')
    .option('--file <file>', 'the keyring file itself')
    .action((options: { json?: true; config: string; file?: string }) => listKeyring(io, options));
}

async function initKeyring(io: KeysIo, options: { readonly realm: string; readonly out: string }): Promise<void> {
  const ring = newKeyring({ realm: options.realm, now: io.clock(), random: io.random });
  mkdirSync(dirname(options.out), { recursive: true, mode: 0o700 });
  const outcome = await writeKeyring(options.out, ring, { expectSerial: null });
  if ('refused' in outcome) {
    throw new CliFailure(`${options.out} exists; a keyring is never overwritten: that would sign everybody out`, 2);
  }
  io.out(`${options.out}: key ${ring.keys[0]?.kid} for ${ring.realm}\n`);
}

function listKeyring(
  io: KeysIo,
  options: { readonly json?: true; readonly config: string; readonly file?: string },
): void {
  const path = options.file ?? readConfig(options.config, io.environment).keyring.file;
  const ring = parseKeyring(readSecretFile(path), { minSerial: 0 });
  const listing = listingOf(ring, io.clock());
  io.out(options.json === true ? `${JSON.stringify(listing, null, 2)}\n` : tableOf(listing));
}

type Listing = ReturnType<typeof listingOf>;

/** Named field by field: nothing that is added to a key later can slip into an output. */
function listingOf(ring: Keyring, now: EpochSeconds) {
  const seals = primary(ring, now);
  return {
    realm: ring.realm,
    serial: ring.serial,
    updated: formatTime(ring.updated),
    propagation: ring.propagation,
    primary: seals === null ? null : { kid: seals.key.kid, because: seals.because },
    keys: ring.keys.map((key) => ({
      kid: key.kid,
      state: keyState(ring, key, now),
      created: formatTime(key.created),
      activates: formatTime(key.activates),
      retires: formatTime(key.retires),
      expires: formatTime(key.expires),
    })),
    revoked: ring.revoked.map(({ kid, at, until, reason }) => ({
      kid,
      at: formatTime(at),
      until: formatTime(until),
      reason,
    })),
  };
}

const BECAUSE = {
  due: 'seals',
  overdue: 'seals, though it should have been rotated: make a new key',
  only: 'seals, since no key has had time to reach every node yet',
} as const;

function tableOf(listing: Listing): string {
  const header = ['kid', 'state', 'created', 'activates', 'retires', 'expires', ''];
  const rows = listing.keys.map((key) => {
    const note = listing.primary?.kid === key.kid ? BECAUSE[listing.primary.because] : '';
    return [key.kid, key.state, key.created, key.activates, key.retires, key.expires, note];
  });
  const lines = columns([header, ...rows]);
  const revoked = listing.revoked.map(
    (entry) => `revoked ${entry.kid} at ${entry.at}: ${JSON.stringify(entry.reason)}`,
  );
  const none = listing.primary === null ? ['no key may be used: nodes with this ring are not ready'] : [];
  const title = `${listing.realm}   serial ${listing.serial}, updated ${listing.updated}`;
  return `${[title, '', ...lines, ...revoked, ...none].join('\n')}\n`;
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
