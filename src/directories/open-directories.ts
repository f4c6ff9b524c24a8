// Owns: opening the directories that are configured, in their order. Leaves to each directory: what it needs.
import type { DirectorySettings, LdapSettings, YamlSettings } from '../config/directories.ts';
import type { PasswordDirectory } from '../core/password-directory.ts';
import { formatProblem, type Problem, ProblemsError } from '../lib/problems.ts';
import { type AccountCachePolicy, withAccountCache } from './account-cache.ts';
import { createDirectoryTable, type DirectoryConflict, type DirectoryTable } from './directory-table.ts';
import { createLdapDirectory, type LdapDirectory, type LdapPorts } from './ldap-directory.ts';
import type { SqlDirectory } from './sql-directory.ts';
import { openYamlDirectory, type YamlDirectory } from './yaml-directory.ts';

/** For the log; `directory` is the name of the one that it is about. */
export interface DirectoryEvent {
  readonly directory: string;
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
}

export interface DirectoryPorts extends Pick<LdapPorts, 'clock' | 'random' | 'readSecret'> {
  /** Null where no database is configured. */
  readonly openSql: ((name: string) => Promise<SqlDirectory>) | null;
  /** For directories that are asked over a network, or wait for a disk. */
  readonly accountCache: AccountCachePolicy;
  readonly onEvent: (event: DirectoryEvent) => void;
}

export interface OpenDirectories {
  readonly table: DirectoryTable;
  /** People who are in files; null where no directory is a file: those of other directories are not counted. */
  readonly people: () => number | null;
  /** Looks at every file now, not at the next poll. */
  readonly reload: () => Promise<void>;
  /** Of each directory behind a network whether it answered last; those that were not asked yet are left out. */
  readonly backends: () => readonly { readonly name: string; readonly isUp: boolean }[];
  /** Asks the LDAP servers: what an operator should hear of. */
  readonly probe: () => Promise<readonly Problem[]>;
  readonly close: () => void;
}

/** @throws ProblemsError with everything that keeps a directory from being opened; a server that is down does not. */
export async function openDirectories(
  settings: readonly DirectorySettings[],
  ports: DirectoryPorts,
): Promise<OpenDirectories> {
  const { onEvent } = ports;
  const files: YamlDirectory[] = [];
  const servers: LdapDirectory[] = [];
  const databases: SqlDirectory[] = [];
  const close = (): void => {
    for (const directory of [...files, ...servers, ...databases]) directory.close();
  };
  const openOne = async (one: DirectorySettings): Promise<PasswordDirectory> => {
    if (one.kind === 'yaml') {
      const directory = await openFile(one, onEvent);
      files.push(directory);
      return directory;
    }
    if (one.kind === 'ldap') {
      const directory = openServer(one, ports);
      servers.push(directory);
      return withAccountCache(directory, ports.accountCache, ports.clock);
    }
    if (ports.openSql === null) throw refusal(one.name, 'kind: sql', 'a database (database.url) to look into');
    const directory = await ports.openSql(one.name);
    databases.push(directory);
    return withAccountCache(directory, ports.accountCache, ports.clock);
  };
  const opened = await Promise.allSettled(settings.map(openOne));
  const failures = opened.filter((one) => one.status === 'rejected').map(({ reason }) => reason);
  if (failures.length > 0) {
    close();
    throw allOf(failures);
  }
  const members = opened.filter((one) => one.status === 'fulfilled').map(({ value }) => value);
  return {
    table: createDirectoryTable(members, (conflict) => onEvent(conflictEvent(conflict))),
    people: () => (files.length === 0 ? null : files.reduce((sum, directory) => sum + directory.status().people, 0)),
    reload: async () => {
      await Promise.all(files.map((directory) => directory.reload()));
    },
    backends: () =>
      servers.flatMap((directory) => {
        const isUp = directory.isUp();
        return isUp === null ? [] : { name: directory.name, isUp };
      }),
    probe: async () => (await Promise.all(servers.map((directory) => directory.probe()))).flat(),
    close,
  };
}

function openFile({ name, file, poll }: YamlSettings, onEvent: DirectoryPorts['onEvent']): Promise<YamlDirectory> {
  return openYamlDirectory({
    name,
    path: file,
    pollSeconds: poll,
    onEvent: (event) => {
      const message = event.kind === 'loaded' ? `${event.people} people` : event.problems.map(formatProblem).join('; ');
      onEvent({ directory: name, level: event.kind === 'loaded' ? 'info' : 'error', message });
    },
  });
}

function openServer(settings: LdapSettings, ports: DirectoryPorts): LdapDirectory {
  const tell = (level: DirectoryEvent['level'], message: string) =>
    ports.onEvent({ directory: settings.name, level, message });
  return createLdapDirectory(settings, {
    ...ports,
    onEvent: (event) => {
      switch (event.kind) {
        case 'down':
          return tell('warn', `no answer: ${event.because}`);
        case 'up':
          return tell('info', 'answers again');
        case 'unclear':
          return tell('warn', `somebody cannot sign in: ${event.because}`);
        default:
          return event satisfies never;
      }
    },
  });
}

function conflictEvent({ of, accounts }: DirectoryConflict): DirectoryEvent {
  const what = of === 'id' ? 'one account id' : 'one login name';
  const whose = accounts.map(({ directory, id }) => `${id} in ${directory}`).join(', ');
  const message = `nobody signs in by ${what} that two directories have: ${whose}`;
  return { directory: accounts[0]?.directory ?? '', level: 'warn', message };
}

function refusal(path: string, found: string, wanted: string): ProblemsError {
  return new ProblemsError([{ path: `directories: ${path}`, found, wanted }]);
}

/** One error with every problem; a fault is not hidden behind problems. */
function allOf(failures: readonly unknown[]): unknown {
  const fault = failures.find((failure) => !(failure instanceof ProblemsError));
  return fault ?? new ProblemsError(failures.flatMap((failure) => (failure as ProblemsError).problems));
}
