// Owns: one way to change people for commands, whether they stand in a users file or in the database.
// Leaves to directories/: doing it, all or nothing; to users.ts: words and passwords.
import type { Config } from '../config/config.ts';
import type { YamlSettings } from '../config/directories.ts';
import type { Account, AccountId } from '../core/account.ts';
import { loginNameKey } from '../core/login-name.ts';
import type { Queries } from '../database/database.ts';
import { removeAllCredentials } from '../directories/sql-credentials.ts';
import { findByLoginName } from '../directories/sql-directory.ts';
import {
  addPeople,
  changePerson,
  listPeople,
  type PersonChange,
  removePerson,
  type WithIt,
} from '../directories/sql-people.ts';
import { checkPeople, type Person } from '../directories/users-file.ts';
import * as file from '../directories/users-file-edit.ts';
import { messageOf, ProblemsError } from '../lib/problems.ts';
import { endOfAll, endSessionsOf } from '../node/end-sessions.ts';
import { forgetAttempts } from '../state/sql-attempts.ts';
import { forgetConsents } from '../state/sql-consents.ts';
import { directoryCalled } from './directory-choice.ts';
import { CliFailure, type CliIo } from './io.ts';
import type { CommandDatabase } from './with-database.ts';
import { writeRevocations } from './write-revocations.ts';

export interface ListedPerson {
  readonly account: Account;
  readonly hasPassword: boolean;
}

/** @throws CliFailure or UsersEditError when it cannot be done; ProblemsError with all that is wrong. */
export interface People {
  /** All of them or none. */
  readonly add: (people: readonly Person[]) => Promise<void>;
  /** Null: nobody is called that. */
  readonly find: (loginName: string) => Promise<Account | null>;
  readonly list: () => Promise<readonly ListedPerson[]>;
  /** With `endSessions` those of the person are over as well. */
  readonly setPassword: (loginName: string, passwordHash: string, endSessions: boolean) => Promise<void>;
  /** Whether sessions of the person have been ended, too. */
  readonly setDisabled: (loginName: string, disabled: boolean) => Promise<boolean>;
  readonly remove: (loginName: string) => Promise<boolean>;
}

/** Of the directory that a command is about. @throws CliFailure when Signet only reads it. */
export function peopleOf(
  config: Config,
  options: { readonly directory?: string },
  opened: CommandDatabase | null,
  io: CliIo,
): People {
  const chosen =
    options.directory === undefined
      ? (config.directories.find(({ kind }) => kind !== 'ldap') ?? config.directories[0])
      : directoryCalled(config, options.directory);
  if (chosen?.kind === 'yaml') return inFile(chosen, config, opened, io);
  if (chosen?.kind === 'sql' && opened !== null) return inDatabase(config, opened, io);
  const where =
    chosen?.kind === 'ldap' ? 'an LDAP server, which Signet only reads' : 'a database, and database.url is not set';
  throw new CliFailure(
    `the people of '${chosen?.name}' are kept in ${where}; \`signet users find NAME\` shows one of them`,
  );
}

function inFile(
  { file: path, poll }: Pick<YamlSettings, 'file' | 'poll'>,
  config: Config,
  opened: CommandDatabase | null,
  io: CliIo,
): People {
  const find = async (loginName: string): Promise<Account | null> => {
    const key = loginNameKey(loginName);
    const people = await file.listPeople(path);
    return people.find(({ account }) => loginNameKey(account.loginName) === key)?.account ?? null;
  };
  /** What comes after the file, which has been changed already: a failure says so, with its remedy. */
  const afterwards = async (done: string, remedy: string, run: () => Promise<void>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      throw new CliFailure(`${done}: ${messageOf(error)}; later: ${remedy}`);
    }
  };
  /** After the person, who must be gone even while the database is down. */
  const forget = ({ database, answered }: CommandDatabase, loginName: string, id: AccountId): Promise<void> =>
    afterwards(
      `${loginName} is removed, what they enrolled and agreed to is not`,
      `signet users reset-factors ${id} --id, and signet users consents ${id} --id --withdraw-all`,
      async () => {
        answered(await database.transaction('user-remove', (queries) => forgetPerson(queries, id)));
      },
    );
  return {
    add: (people) => file.addPeople(path, people),
    find,
    list: async () =>
      (await file.listPeople(path)).map(({ account, passwordHash }) => ({
        account,
        hasPassword: passwordHash !== null,
      })),
    setPassword: async (loginName, passwordHash, endSessions) => {
      await file.setPasswordHash(path, loginName, passwordHash);
      const id = endSessions ? (await find(loginName))?.id : undefined;
      if (id === undefined) return;
      const remedy = `signet sessions revoke --user ${loginName}`;
      await afterwards(`${loginName} has the new password, and their sessions go on`, remedy, () => {
        const now = io.clock();
        // Until a node has read the file again it takes the old password: what that proves must not outlive the command.
        return writeRevocations(config, opened, [endOfAll(config, id, now + poll)], now);
      });
    },
    setDisabled: async (loginName, disabled) => {
      await file.setDisabled(path, loginName, disabled);
      return false;
    },
    remove: async (loginName) => {
      const id = opened === null ? null : ((await find(loginName))?.id ?? null);
      await file.removePerson(path, loginName);
      if (opened !== null && id !== null) await forget(opened, loginName, id);
      return false;
    },
  };
}

/** Nobody asks for it any more: their id is never given again. Sessions and the audit stay for `database.history`. */
async function forgetPerson(queries: Queries, id: AccountId): Promise<void> {
  await forgetConsents(queries, id);
  await forgetAttempts(queries, id);
  await removeAllCredentials(queries, id);
}

const nothingElse: WithIt = async () => {};

function inDatabase(config: Config, { database, answered }: CommandDatabase, io: CliIo): People {
  const someone = (loginName: string, id: AccountId | null): AccountId => {
    if (id === null) throw new CliFailure(`there is nobody called '${loginName}'`);
    return id;
  };
  /** Nodes remember people for a while: a not-before reaches them sooner. In the same transaction: both, or neither. */
  const endSessions: WithIt = (queries, id) => endSessionsOf(queries, config, id, io.clock());
  const endAll: WithIt = async (queries, id) => {
    await endSessions(queries, id);
    await forgetPerson(queries, id);
  };
  const change = async (loginName: string, how: PersonChange, withIt: WithIt): Promise<void> => {
    someone(loginName, answered(await changePerson(database, loginName, how, io.clock(), withIt)));
  };
  return {
    add: async (people) => {
      const problems = checkPeople(people);
      if (problems.length > 0) throw new ProblemsError(problems);
      answered(await addPeople(database, people, io.clock()));
    },
    find: async (loginName) => answered(await findByLoginName(database, loginName)),
    list: async () => answered(await listPeople(database)),
    setPassword: (loginName, passwordHash, ending) =>
      change(loginName, { passwordHash }, ending ? endSessions : nothingElse),
    setDisabled: async (loginName, disabled) => {
      await change(loginName, { disabled }, disabled ? endSessions : nothingElse);
      return disabled;
    },
    remove: async (loginName) => {
      someone(loginName, answered(await removePerson(database, loginName, endAll)));
      return true;
    },
  };
}
