// Owns: one way to change people for commands, whether they stand in a users file or in the database.
// Leaves to directories/: doing it, all or nothing; to users.ts: words and passwords.
import type { Config } from '../config/config.ts';
import type { Account, AccountId } from '../core/account.ts';
import { addPeople, changePerson, listPeople, removePerson } from '../directories/sql-people.ts';
import { checkPeople, type Person } from '../directories/users-file.ts';
import * as file from '../directories/users-file-edit.ts';
import { ProblemsError } from '../lib/problems.ts';
import { writeRevocation } from '../state/revocation-rows.ts';
import { directoryCalled } from './directory-choice.ts';
import { CliFailure, type CliIo } from './io.ts';
import type { CommandDatabase } from './with-database.ts';

export interface ListedPerson {
  readonly account: Account;
  readonly hasPassword: boolean;
}

/** @throws CliFailure or UsersEditError when it cannot be done; ProblemsError with all that is wrong. */
export interface People {
  /** All of them or none. */
  readonly add: (people: readonly Person[]) => Promise<void>;
  readonly list: () => Promise<readonly ListedPerson[]>;
  readonly setPassword: (loginName: string, passwordHash: string) => Promise<void>;
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
  if (chosen?.kind === 'yaml') return inFile(chosen.file);
  if (chosen?.kind === 'sql' && opened !== null) return inDatabase(config, opened, io);
  const where =
    chosen?.kind === 'ldap' ? 'an LDAP server, which Signet only reads' : 'a database, and database.url is not set';
  throw new CliFailure(
    `the people of '${chosen?.name}' are kept in ${where}; \`signet users find NAME\` shows one of them`,
  );
}

function inFile(path: string): People {
  return {
    add: (people) => file.addPeople(path, people),
    list: async () =>
      (await file.listPeople(path)).map(({ account, passwordHash }) => ({
        account,
        hasPassword: passwordHash !== null,
      })),
    setPassword: (loginName, passwordHash) => file.setPasswordHash(path, loginName, passwordHash),
    setDisabled: async (loginName, disabled) => {
      await file.setDisabled(path, loginName, disabled);
      return false;
    },
    remove: async (loginName) => {
      await file.removePerson(path, loginName);
      return false;
    },
  };
}

function inDatabase(config: Config, { database, answered }: CommandDatabase, io: CliIo): People {
  const { session, revocations, skew } = config;
  const someone = (loginName: string, id: AccountId | null): AccountId => {
    if (id === null) throw new CliFailure(`there is nobody called '${loginName}'`);
    return id;
  };
  /** Nodes remember people for a while: a not-before reaches them sooner. */
  const endSessions = async (accountId: AccountId): Promise<void> => {
    const now = io.clock();
    const until = now + session.absolute + revocations.poll + skew;
    const entry = { kind: 'account', accountId, notBefore: now + 1, until } as const;
    answered(
      await database.ask('revoke', async (queries) => {
        await writeRevocation(queries, entry, now);
        return true;
      }),
    );
  };
  return {
    add: async (people) => {
      const problems = checkPeople(people);
      if (problems.length > 0) throw new ProblemsError(problems);
      answered(await addPeople(database, people, io.clock()));
    },
    list: async () => answered(await listPeople(database)),
    setPassword: async (loginName, passwordHash) => {
      someone(loginName, answered(await changePerson(database, loginName, { passwordHash }, io.clock())));
    },
    setDisabled: async (loginName, disabled) => {
      const id = someone(loginName, answered(await changePerson(database, loginName, { disabled }, io.clock())));
      if (disabled) await endSessions(id);
      return disabled;
    },
    remove: async (loginName) => {
      await endSessions(someone(loginName, answered(await removePerson(database, loginName))));
      return true;
    },
  };
}
