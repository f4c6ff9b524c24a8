// Owns: `signet users`: the people in users.yaml. Passwords come from the terminal without echo or from standard input,
// never from an argument, and are never shown. Leaves to directories/users-file-edit.ts: changing the file.
import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { readConfig } from '../config/read-config.ts';
import type { Account } from '../core/account.ts';
import type { Person } from '../directories/users-file.ts';
import { addPerson, listPeople, setDisabled, setPasswordHash, UsersEditError } from '../directories/users-file-edit.ts';
import { createHash } from '../methods/argon2.ts';
import {
  isLongEnough,
  PASSWORD_MAX_BYTES,
  PASSWORD_MIN_CHARACTERS,
  preparePassword,
} from '../methods/prepare-password.ts';
import { openAllDirectories, type PartEvent } from '../parts.ts';
import { directoryCalled, fileOf } from './directory-choice.ts';
import { CliFailure, type CliIo } from './io.ts';

interface WithConfig {
  readonly config: string;
  readonly directory?: string;
}
interface WithPassword extends WithConfig {
  readonly passwordStdin?: true;
}
interface AddOptions extends WithPassword {
  readonly attribute: readonly string[];
  readonly group: readonly string[];
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function addUsersCommand(program: Command, io: CliIo): void {
  const users = program.command('users').description('the people in the users file');
  const command = (usage: string, description: string) =>
    users
      .command(usage)
      .description(description)
      .option('--config <file>', 'the configuration', 'signet.yaml')
      .option('--directory <name>', 'where; without it, the first that Signet may write to');
  const fromStdin = ['--password-stdin', 'read the password from standard input, without asking'] as const;

  command('add <name>', 'add a person under a new random id')
    .option(...fromStdin)
    .option('--attribute <key=value>', 'an attribute; again for more, or for more values of one', collect, [])
    .option('--group <group>', 'a group; again for more', collect, [])
    .action((name: string, options: AddOptions) => add(io, name, options));
  command('find <name>', 'one person, in whichever directory they are')
    .option('--json', 'as JSON')
    .action((name: string, options: WithConfig & { readonly json?: true }) => find(io, name, options));
  command('list', 'everybody, in the order of the file')
    .option('--json', 'as JSON')
    .action((options: WithConfig & { readonly json?: true }) => list(io, options));
  command('set-password <name>', 'replace a password; sessions that exist go on')
    .option(...fromStdin)
    .action((name: string, options: WithPassword) => setPassword(io, name, options));
  command('disable <name>', 'refuse somebody, on every node within seconds, sessions included').action(
    (name: string, options: WithConfig) => disable(io, name, options, true),
  );
  command('enable <name>', 'undo disable').action((name: string, options: WithConfig) =>
    disable(io, name, options, false),
  );
}

async function add(io: CliIo, loginName: string, options: AddOptions): Promise<void> {
  const config = readConfig(options.config, io.environment);
  const attributes = readAttributes(options.attribute);
  const passwordHash = await hashOf(io, config, options);
  const person = { loginName, passwordHash, attributes, groups: options.group };
  const id = await edited(() => addPerson(fileOf(config, options), person, io.random));
  io.out(`added ${loginName} with id ${id}\n`);
}

async function setPassword(io: CliIo, name: string, options: WithPassword): Promise<void> {
  const config = readConfig(options.config, io.environment);
  const passwordHash = await hashOf(io, config, options);
  await edited(() => setPasswordHash(fileOf(config, options), name, passwordHash));
  io.out(`new password for ${name}; to end their sessions: signet sessions revoke --user ${name}\n`);
}

async function disable(io: CliIo, name: string, options: WithConfig, disabled: boolean): Promise<void> {
  const file = fileOf(readConfig(options.config, io.environment), options);
  await edited(() => setDisabled(file, name, disabled));
  io.out(`${name} is ${disabled ? 'disabled' : 'enabled'}\n`);
}

async function list(io: CliIo, options: WithConfig & { readonly json?: true }): Promise<void> {
  const people = await listPeople(fileOf(readConfig(options.config, io.environment), options));
  io.out(options.json === true ? `${JSON.stringify(people.map(asJson), null, 2)}\n` : people.map(asLine).join(''));
}

async function find(io: CliIo, name: string, options: WithConfig & { readonly json?: true }): Promise<void> {
  const config = readConfig(options.config, io.environment);
  const chosen = options.directory === undefined ? null : directoryCalled(config, options.directory);
  const directories = chosen === null ? config.directories : [chosen];
  const notes: string[] = [];
  const onEvent = ({ level, message }: PartEvent) => {
    if (level !== 'info') notes.push(message);
  };
  const opened = await openAllDirectories({ ...config, directories }, { ...io, onEvent });
  try {
    const claim = await opened.table.claim(name);
    if (claim.kind === 'unclaimed') throw new CliFailure(`there is nobody called '${name}'`);
    if (claim.kind === 'unavailable') throw new CliFailure([`'${name}' cannot be looked for`, ...notes].join('; '));
    const { account, directory } = claim;
    if (options.json === true) {
      io.out(`${JSON.stringify({ directory: directory.name, ...accountAsJson(account) }, null, 2)}\n`);
      return;
    }
    const notice = account.disabled ? 'disabled' : '';
    io.out(
      `${[account.loginName, account.id, account.groups.join(','), directory.name, notice].join('\t').trimEnd()}\n`,
    );
    for (const [key, values] of account.attributes) io.out(`  ${key}\t${values.join('; ')}\n`);
  } finally {
    opened.close();
  }
}

/** Whether there is a password, never its hash: lists end in tickets and chats. */
function asJson({ account, passwordHash }: Person) {
  return { ...accountAsJson(account), password: passwordHash !== null };
}

function accountAsJson({ id, loginName, disabled, groups, attributes }: Account) {
  return { id, loginName, disabled, groups, attributes: Object.fromEntries(attributes) };
}

function asLine({ account, passwordHash }: Person): string {
  const notes = [account.disabled ? 'disabled' : [], passwordHash === null ? 'no password' : []].flat();
  return `${[account.loginName, account.id, account.groups.join(','), notes.join(', ')].join('\t').trimEnd()}\n`;
}

function readAttributes(pairs: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const attributes = new Map<string, readonly string[]>();
  for (const pair of pairs) {
    const sign = pair.indexOf('=');
    if (sign < 1) throw new CliFailure(`--attribute: found '${pair}'; wanted KEY=VALUE`);
    const key = pair.slice(0, sign);
    attributes.set(key, [...(attributes.get(key) ?? []), pair.slice(sign + 1)]);
  }
  return attributes;
}

async function hashOf(io: CliIo, config: Config, options: WithPassword): Promise<string> {
  const typed = options.passwordStdin === true ? oneLine(await io.readStdin()) : await askTwice(io);
  const prepared = preparePassword(typed);
  if (prepared === null) throw new CliFailure(`a password has 1 to ${PASSWORD_MAX_BYTES} bytes of UTF-8`);
  if (!isLongEnough(prepared)) throw new CliFailure(`a password has at least ${PASSWORD_MIN_CHARACTERS} characters`);
  return createHash(prepared, config.password.argon2, io.random);
}

/** Without the line break that `echo` adds. A password with one inside could not be typed into a login page. */
function oneLine(text: string): string {
  const line = text.replace(/\r?\n$/, '');
  if (/[\r\n]/.test(line)) throw new CliFailure('standard input has several lines; wanted the password alone');
  return line;
}

async function askTwice(io: CliIo): Promise<string> {
  const first = await io.askSecret('Password: ');
  if (first === null) throw new CliFailure('there is no terminal to ask for a password; use --password-stdin');
  const second = await io.askSecret('Again: ');
  if (first !== second) throw new CliFailure('the two passwords differ');
  return first;
}

async function edited<T>(change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (error instanceof UsersEditError) throw new CliFailure(error.message);
    throw error;
  }
}
