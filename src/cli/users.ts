// Owns: `signet users`: its commands and options. Leaves to users-run.ts, users-factors.ts and users-consents.ts: what they
// do.
import { type Command, Option } from 'commander';
import type { CliIo } from './io.ts';
import type { ConsentOptions } from './users-consents.ts';
import type { FactorOptions } from './users-factors.ts';
import type { AddOptions, SetPasswordOptions, WithConfig } from './users-run.ts';

const work = () => import('./users-run.ts');
const factors = () => import('./users-factors.ts');
const consents = () => import('./users-consents.ts');

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

export function addUsersCommand(program: Command, io: CliIo): void {
  const users = program.command('users').description('the people that Signet keeps');
  const command = (
    usage: string,
    description: string,
    where = 'where; without it, the first that Signet may write to',
  ) =>
    users
      .command(usage)
      .description(description)
      .option('--config <file>', 'the configuration', 'signet.yaml')
      .option('--directory <name>', where);
  const fromStdin = ['--password-stdin', 'read the password from standard input, without asking'] as const;

  command('add <name>', 'add a person under a new random id')
    .option(...fromStdin)
    .option('--attribute <key=value>', 'an attribute; again for more, or for more values of one', collect)
    .option('--group <group>', 'a group; again for more', collect)
    .action(async (name: string, options: AddOptions) => (await work()).add(io, name, options));
  command('find <name>', 'one person, in whichever directory they are', 'in this one only')
    .option('--json', 'as JSON')
    .action(async (name: string, options: WithConfig & { readonly json?: true }) =>
      (await work()).find(io, name, options),
    );
  command('list', 'everybody')
    .option('--json', 'as JSON')
    .action(async (options: WithConfig & { readonly json?: true }) => (await work()).list(io, options));
  command('set-password <name>', 'replace a password; sessions that exist go on')
    .option(...fromStdin)
    .option('--end-sessions', 'end them as well')
    .action(async (name: string, options: SetPasswordOptions) => (await work()).setPassword(io, name, options));
  command('disable <name>', 'refuse somebody, on every node within seconds, sessions included').action(
    async (name: string, options: WithConfig) => (await work()).disable(io, name, options, true),
  );
  command('enable <name>', 'undo disable').action(async (name: string, options: WithConfig) =>
    (await work()).disable(io, name, options, false),
  );
  command(
    'import <file>',
    'add everybody in a .csv, .json or .yaml file, or nobody if anything is wrong with it',
  ).action(async (file: string, options: WithConfig) => (await work()).importPeople(io, file, options));
  command(
    'remove <name>',
    'remove a person and what they enrolled; somebody of the same name later is somebody else',
  ).action(async (name: string, options: WithConfig) => (await work()).remove(io, name, options));
  users
    .command('reset-factors <name>')
    .description('remove all that somebody has enrolled beside their password, and end their sessions')
    .option('--id', 'NAME is an account id, of somebody whom no directory has any more')
    .option('--config <file>', 'the configuration', 'signet.yaml')
    .action(async (name: string, options: FactorOptions) => (await factors()).resetFactors(io, name, options));
  users
    .command('unlock <name>')
    .description('forget failed attempts: somebody may try again at once')
    .option('--config <file>', 'the configuration', 'signet.yaml')
    .action(async (name: string, options: FactorOptions) => (await factors()).unlock(io, name, options));
  users
    .command('consents <name>')
    .description('the applications that somebody has agreed to, and taking that back in their name')
    .option('--id', 'NAME is an account id, of somebody whom no directory has any more')
    .addOption(new Option('--withdraw <party>', 'take back all that was agreed with it').conflicts('withdrawAll'))
    .option('--withdraw-all', 'take back everything')
    .option('--json', 'as JSON')
    .option('--config <file>', 'the configuration', 'signet.yaml')
    .action(async (name: string, options: ConsentOptions) => (await consents()).consents(io, name, options));
}
