// Owns: `signet sessions revoke`: writing the file that every node reads (docs/sealed-values.md, Revocation).
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { Config } from '../config/config.ts';
import { readConfig } from '../config/read-config.ts';
import type { AccountId } from '../core/account.ts';
import { withLock, writeAtomically } from '../lib/atomic-file.ts';
import { decodeBase64url } from '../lib/base64url.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { openAllDirectories } from '../parts.ts';
import { formatRevocations, parseRevocations, type RevocationEntry } from '../state/revocation-file.ts';
import { CliFailure, type CliIo } from './io.ts';

interface RevokeOptions {
  readonly sid?: string;
  readonly user?: string;
  readonly all?: true;
  readonly config: string;
}

export function addSessionsCommand(program: Command, io: CliIo): void {
  program
    .command('sessions')
    .description('sessions that are under way')
    .command('revoke')
    .description('end sessions on every node, within revocations.poll seconds')
    .addOption(new Option('--sid <id>', 'one session (22 characters, from the audit log)').conflicts(['user', 'all']))
    .addOption(new Option('--user <name>', 'every session of a person').conflicts(['sid', 'all']))
    .addOption(new Option('--all', 'every session of everybody').conflicts(['sid', 'user']))
    .option('--config <file>', 'the configuration', 'signet.yaml')
    .action((options: RevokeOptions) => revoke(io, options));
}

async function revoke(io: CliIo, options: RevokeOptions): Promise<void> {
  const config = readConfig(options.config, io.environment);
  const now = io.clock();
  const entry = await entryOf(options, config, io, now);
  const { file } = config.revocations;
  await withLock(file, async () => {
    const entries = parseRevocations(file, readFileSync(file, 'utf8'));
    await writeAtomically(file, formatRevocations([...entries, entry], now), { mode: 0o600 });
  });
  io.out(`${describe(options)} ended; every node knows within ${config.revocations.poll} s\n`);
}

async function entryOf(options: RevokeOptions, config: Config, io: CliIo, now: EpochSeconds): Promise<RevocationEntry> {
  const { session, skew, revocations } = config;
  // The longest that a copy of a session made before now can live.
  const until = now + session.absolute + revocations.poll + skew;
  // A proof given in this very second is older than the command too.
  const notBefore = now + 1;
  if (options.all === true) return { kind: 'all', notBefore, until };
  if (options.sid !== undefined) {
    const sid = decodeBase64url(options.sid);
    if (sid?.length !== 16) throw new CliFailure(`--sid: found '${options.sid}'; wanted 22 characters of base64url`);
    return { kind: 'sid', sid, until };
  }
  if (options.user === undefined) throw new CliFailure('one of --sid, --user, --all is needed');
  return { kind: 'account', accountId: await accountIdOf(options.user, config, io), notBefore, until };
}

async function accountIdOf(name: string, config: Config, io: CliIo): Promise<AccountId> {
  const opened = await openAllDirectories(config, { ...io, onEvent: () => {} });
  try {
    const claim = await opened.table.claim(name);
    if (claim.kind === 'claimed') return claim.account.id;
    if (claim.kind === 'unclaimed') throw new CliFailure(`there is no user '${name}' in any directory`);
    throw new CliFailure(`a directory cannot say who '${name}' is: signet users find ${name}`);
  } finally {
    opened.close();
  }
}

function describe(options: RevokeOptions): string {
  if (options.all === true) return 'all sessions';
  return options.user === undefined ? 'the session' : `all sessions of ${options.user}`;
}
