// Owns: `signet sessions`: its commands and options. Leaves to sessions-run.ts: what they do.
import { type Command, Option } from 'commander';
import type { CliIo } from './io.ts';
import type { ListOptions, RevokeOptions } from './sessions-run.ts';

const work = () => import('./sessions-run.ts');

export function addSessionsCommand(program: Command, io: CliIo): void {
  const sessions = program.command('sessions').description('sessions that are under way');
  sessions
    .command('revoke')
    .description('end sessions on every node, within revocations.poll seconds')
    .addOption(new Option('--sid <id>', 'one session (22 characters, from the audit log)').conflicts(['user', 'all']))
    .addOption(new Option('--user <name>', 'every session of a person').conflicts(['sid', 'all']))
    .addOption(new Option('--all', 'every session of everybody').conflicts(['sid', 'user']))
    .option('--config <file>', 'the configuration', 'signet.yaml')
    .action(async (options: RevokeOptions) => (await work()).revoke(io, options));
  sessions
    .command('list')
    .description('sessions, newest first; needs a database')
    .option('--user <name>', 'of one person')
    .option('--ended', 'those too that are over')
    .option('--limit <number>', 'at most so many', '100')
    .option('--json', 'as JSON')
    .option('--config <file>', 'the configuration', 'signet.yaml')
    .action(async (options: ListOptions) => (await work()).list(io, options));
}
