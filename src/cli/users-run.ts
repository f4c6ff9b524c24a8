// Owns: what `signet users` does. Passwords come from the terminal without echo or from standard input, never from an
// argument, and are never shown. Leaves to people.ts: where people are kept; to users-factors.ts: second factors.
import type { Config } from '../config/config.ts';
import { readConfig } from '../config/read-config.ts';
import type { Account } from '../core/account.ts';
import { newAccountId, UsersEditError } from '../directories/users-file-edit.ts';
import { createHash } from '../methods/argon2.ts';
import { type PasswordProblem, wordsOfPerson } from '../methods/password-policy.ts';
import { passwordPolicyOf } from '../node/new-passwords.ts';
import { directoryCalled } from './directory-choice.ts';
import { CliFailure, type CliIo, readInput } from './io.ts';
import { type ListedPerson, type People, peopleOf } from './people.ts';
import { readImport } from './users-import.ts';
import { withDatabase } from './with-database.ts';

export interface WithConfig {
  readonly config: string;
  readonly directory?: string;
}
export interface WithPassword extends WithConfig {
  readonly passwordStdin?: true;
}
export interface SetPasswordOptions extends WithPassword {
  readonly endSessions?: true;
}
export interface AddOptions extends WithPassword {
  readonly attribute?: readonly string[];
  readonly group?: readonly string[];
}

/** With the people of the chosen directory; what is refused in so many words is told in these. */
async function onPeople<T>(
  io: CliIo,
  config: Config,
  options: WithConfig,
  run: (people: People) => Promise<T>,
): Promise<T> {
  try {
    return await withDatabase(config, io, (opened) => run(peopleOf(config, options, opened, io)));
  } catch (error) {
    if (error instanceof UsersEditError) throw new CliFailure(error.message);
    throw error;
  }
}

export async function add(io: CliIo, loginName: string, options: AddOptions): Promise<void> {
  const config = readConfig(options.config, io.environment);
  const attributes = readAttributes(options.attribute ?? []);
  const id = newAccountId(io.random);
  const account = { id, loginName, disabled: false, attributes, groups: options.group ?? [] };
  // Asked for only once it is clear that somebody can be added.
  await onPeople(io, config, options, async (people) =>
    people.add([{ account, passwordHash: await hashOf(io, config, options, account) }]),
  );
  io.out(`added ${loginName} with id ${id}\n`);
}

export async function setPassword(io: CliIo, name: string, options: SetPasswordOptions): Promise<void> {
  const config = readConfig(options.config, io.environment);
  const endSessions = options.endSessions === true;
  await onPeople(io, config, options, async (people) => {
    const person = await people.find(name);
    if (person === null) throw new CliFailure(`there is nobody called '${name}'`);
    await people.setPassword(name, await hashOf(io, config, options, person), endSessions);
  });
  const sessions = endSessions
    ? 'their sessions have been ended'
    : `to end their sessions: signet sessions revoke --user ${name}`;
  io.out(`new password for ${name}; ${sessions}\n`);
}

export async function disable(io: CliIo, name: string, options: WithConfig, disabled: boolean): Promise<void> {
  const config = readConfig(options.config, io.environment);
  const ended = await onPeople(io, config, options, (people) => people.setDisabled(name, disabled));
  io.out(`${name} is ${disabled ? 'disabled' : 'enabled'}${ended ? '; their sessions have been ended' : ''}\n`);
}

export async function remove(io: CliIo, name: string, options: WithConfig): Promise<void> {
  const config = readConfig(options.config, io.environment);
  const ended = await onPeople(io, config, options, (people) => people.remove(name));
  io.out(`${name} is removed${ended ? '; their sessions have been ended' : ''}\n`);
}

export async function importPeople(io: CliIo, file: string, options: WithConfig): Promise<void> {
  const config = readConfig(options.config, io.environment);
  const added = readImport(file, (await readInput(io, file)).toString('utf8'), () => newAccountId(io.random));
  await onPeople(io, config, options, (people) => people.add(added));
  io.out(`added ${added.length} people\n`);
}

export async function list(io: CliIo, options: WithConfig & { readonly json?: true }): Promise<void> {
  const config = readConfig(options.config, io.environment);
  const people = await onPeople(io, config, options, (each) => each.list());
  io.out(options.json === true ? `${JSON.stringify(people.map(asJson), null, 2)}\n` : people.map(asLine).join(''));
}

export async function find(io: CliIo, name: string, options: WithConfig & { readonly json?: true }): Promise<void> {
  const config = readConfig(options.config, io.environment);
  const among = options.directory === undefined ? config.directories : [directoryCalled(config, options.directory)];
  // The directories of every kind, which no other command here needs.
  const { findAccount } = await import('./find-account.ts');
  const { account, directory } = await withDatabase(config, io, (opened) =>
    findAccount(io, config, name, { opened, among }),
  );
  if (options.json === true) {
    io.out(`${JSON.stringify({ directory: directory.name, ...accountAsJson(account) }, null, 2)}\n`);
    return;
  }
  const notice = account.disabled ? 'disabled' : '';
  io.out(`${[account.loginName, account.id, account.groups.join(','), directory.name, notice].join('\t').trimEnd()}\n`);
  for (const [key, values] of account.attributes) io.out(`  ${key}\t${values.join('; ')}\n`);
}

/** Whether there is a password, never its hash: lists end in tickets and chats. */
function asJson({ account, hasPassword }: ListedPerson) {
  return { ...accountAsJson(account), password: hasPassword };
}

function accountAsJson({ id, loginName, disabled, groups, attributes }: Account) {
  return { id, loginName, disabled, groups, attributes: Object.fromEntries(attributes) };
}

function asLine({ account, hasPassword }: ListedPerson): string {
  const notes = [account.disabled ? 'disabled' : [], hasPassword ? [] : 'no password'].flat();
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

/** By the rules for those who choose their own: what an operator types is guessed just as easily. */
async function hashOf(
  io: CliIo,
  config: Config,
  options: WithPassword,
  person: Pick<Account, 'loginName' | 'attributes'>,
): Promise<string> {
  const typed = options.passwordStdin === true ? oneLine(await io.readStdin()) : await askTwice(io);
  const verdict = passwordPolicyOf(config).judge(typed, wordsOfPerson(person));
  if (verdict.kind === 'refused') throw new CliFailure(whyNot(verdict.problem));
  return createHash(verdict.prepared, config.password.argon2, io.random);
}

function whyNot(problem: PasswordProblem): string {
  switch (problem.kind) {
    case 'too-short':
      return `the password is too short: at least ${problem.least} characters (password.minLength)`;
    case 'too-long':
      return `the password is too long: at most ${problem.mostBytes} bytes of UTF-8`;
    case 'unreadable':
      return 'the password is not text: wanted Unicode';
    case 'common':
      return 'the password is refused: it is a common one, or a pattern that everybody would guess';
    case 'about-you':
      return 'the password is refused: it is little more than the name of the person or of this service';
    default:
      return problem satisfies never;
  }
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
