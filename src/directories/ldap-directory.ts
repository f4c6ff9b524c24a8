// Owns: people in an LDAP server or Active Directory: found by a search, their password tried by a bind as them.
// Leaves to ldap-rules.ts and ldap-entry.ts: what is asked and what an answer means; to ldap-pool.ts: connections.
//
// Signet only reads. Whatever is unclear (two entries for one name, an id that cannot be read, more groups than the server
// tells) is an outage for that person: an answer that is half right would be a decision about them.
import { readFileSync } from 'node:fs';
import { type Entry, type Filter, PasswordPolicyControl, type SearchOptions } from 'ldapts';
import type { LdapSettings } from '../config/directories.ts';
import { type Account, type AccountId, type DirectoryUnavailable, isUnavailable } from '../core/account.ts';
import type { BindAnswer, BindCheck, PasswordDirectory } from '../core/password-directory.ts';
import { encodeBase64url } from '../lib/base64url.ts';
import type { Clock } from '../lib/clock.ts';
import { fileFault, type Problem, ProblemsError } from '../lib/problems.ts';
import type { Random } from '../lib/random.ts';
import { acceptedAnswer, refusedAnswer } from './ldap-bind-answer.ts';
import { createLdapConnection, type LdapConnection } from './ldap-connection.ts';
import { groupsOfEntries, hasLoginName, type LdapPerson, readEntry, readId } from './ldap-entry.ts';
import { isDigest } from './ldap-id.ts';
import { createLdapPool, LDAP_POOL_DEFAULTS, LdapOutage } from './ldap-pool.ts';
import { byId, byLoginName, byMember, ldapRules } from './ldap-rules.ts';
import { openLdapSocket } from './ldap-socket.ts';

export type LdapEvent =
  /** Told when it begins, not at each request. */
  | { readonly kind: 'down'; readonly because: string }
  | { readonly kind: 'up' }
  /** One person cannot be served. */
  | { readonly kind: 'unclear'; readonly because: string };

export interface LdapDirectory extends PasswordDirectory {
  readonly check: BindCheck;
  /** Null before anything was asked. */
  readonly isUp: () => boolean | null;
  /** Asks every server, whatever the pool knows: what an operator should hear of. Empty: all is well. */
  readonly probe: () => Promise<readonly Problem[]>;
  readonly close: () => void;
}

export interface LdapPorts {
  readonly clock: Clock;
  readonly random: Random;
  /** The text of a file that others may not read. @throws ProblemsError */
  readonly readSecret: (path: string) => string;
  readonly onEvent: (event: LdapEvent) => void;
}

/** So many entries may have ids that begin and end alike: more is an attribute that is the same for everybody but inside. */
const ALIKE_MAX = 100;

/** Connects only when it is asked something. @throws ProblemsError when a filter or a file cannot be used. */
export function createLdapDirectory(settings: LdapSettings, ports: LdapPorts): LdapDirectory {
  const { name, bindDn, connectTimeout, operationTimeout } = settings;
  const { clock, random, onEvent } = ports;
  const rules = ldapRules(settings);
  // Read again for every connection, so that a renewed file needs no restart; a missing one is told at the start.
  const ca = () => (settings.caFile === undefined ? null : readCa(settings.caFile));
  const bindPassword = () => {
    const { bindPasswordFile } = settings;
    return bindPasswordFile === undefined
      ? (settings.bindPassword ?? '')
      : ports.readSecret(bindPasswordFile).replace(/\r?\n$/, '');
  };
  ca();
  bindPassword();
  const decoyDn = settings.decoyDn ?? `cn=signet-decoy-${Buffer.from(random(8)).toString('hex')},${settings.base}`;

  const connect = async (url: string): Promise<LdapConnection> => {
    const socket = await openLdapSocket({ url, startTls: settings.startTls, ca: ca(), connectTimeout });
    return createLdapConnection(socket, operationTimeout);
  };
  const connectToSearch = async (url: string): Promise<LdapConnection> => {
    const connection = await connect(url);
    try {
      if (bindDn !== undefined) await connection.bind(bindDn, bindPassword());
      return connection;
    } catch (error) {
      connection.close();
      throw new LdapOutage(`bindDn is refused: ${messageOf(error)}`, { cause: error });
    }
  };
  const pooled = {
    ...LDAP_POOL_DEFAULTS,
    urls: settings.urls,
    size: settings.connections,
    waitSeconds: operationTimeout,
  };
  const searches = createLdapPool({ ...pooled, connect: connectToSearch });
  const binds = createLdapPool({ ...pooled, connect });

  let up: boolean | null = null;
  const setUp = () => {
    if (up === false) onEvent({ kind: 'up' });
    up = true;
  };
  const down = (error: unknown): DirectoryUnavailable => {
    if (up !== false) onEvent({ kind: 'down', because: messageOf(error) });
    up = false;
    return { unavailable: true };
  };
  const unclear = (because: string): DirectoryUnavailable => {
    onEvent({ kind: 'unclear', because });
    return { unavailable: true };
  };

  /** Where an account was found, for the bind that follows. Fresh, because a login looks for the person first. */
  const found = new WeakMap<Account, LdapPerson>();

  const readGroups = async (connection: LdapConnection, { dn, account }: LdapPerson): Promise<Account> => {
    if (rules.groups.from !== 'search') return account;
    const entries = await connection.search(rules.groups.base ?? rules.base, {
      filter: byMember(rules, dn, account.loginName),
      attributes: [rules.groups.as === 'dn' ? '1.1' : rules.groups.nameAttribute],
    });
    return { ...account, groups: groupsOfEntries(entries, rules) };
  };

  const optionsFor = (filter: Filter): SearchOptions => ({
    filter,
    attributes: [...rules.requested],
    explicitBufferAttributes: rules.idForm === 'guid' ? [rules.idAttribute, 'objectGUID'] : [],
  });

  /** No size limit: the library takes a list that a limit cut off for a whole one. */
  const search = (connection: LdapConnection, filter: Filter): Promise<readonly Entry[]> =>
    connection.search(rules.base, optionsFor(filter));

  /** Of entries that merely begin and end alike there may be as many as there are people. Null for too many. */
  const searchAlike = (connection: LdapConnection, filter: Filter): Promise<readonly Entry[] | null> =>
    connection.searchFew(rules.base, optionsFor(filter), ALIKE_MAX);
  const tooMany = `over ${ALIKE_MAX} entries begin and end alike in ${rules.idAttribute}`;

  /** Why the person could not be found again by their id; null when they can be. */
  const notFoundAgain = async (connection: LdapConnection, { account, dn }: LdapPerson): Promise<string | null> => {
    const filter = isDigest(account.id) ? byId(rules, account.id) : null;
    if (filter === null) return null;
    const alike = await searchAlike(connection, filter);
    if (alike === null) return tooMany;
    // A directory need not be able to search by parts of a value.
    if (alike.some((entry) => entry.dn === dn)) return null;
    return `the directory cannot be searched for parts of ${rules.idAttribute}, which is long`;
  };

  const find = async (
    {
      filter,
      asked,
      ofId,
    }: { readonly filter: Filter | null; readonly asked: string; readonly ofId: AccountId | null },
    isIt: (entry: Entry) => boolean,
  ): Promise<Account | null | DirectoryUnavailable> => {
    if (filter === null) return null;
    try {
      const answer = await searches.use(async (connection) => {
        const isAlike = ofId !== null && isDigest(ofId);
        const all = await (isAlike ? searchAlike : search)(connection, filter);
        if (all === null) return unclear(tooMany);
        const entries = isAlike ? all.filter((entry) => readId(entry, rules) === ofId) : all;
        const [entry, second] = entries;
        if (entry === undefined) return null;
        if (second !== undefined) {
          return unclear(`${entries.length} entries for one ${asked}, among them ${entry.dn} and ${second.dn}`);
        }
        if (!isIt(entry)) return null;
        const reading = readEntry(entry, rules, clock());
        if (reading.kind === 'unusable') return unclear(reading.because);
        const lost = ofId === null ? await notFoundAgain(connection, reading.person) : null;
        if (lost !== null) return unclear(`${entry.dn}: ${lost}`);
        const account = await readGroups(connection, reading.person);
        found.set(account, { ...reading.person, account });
        return account;
      });
      setUp();
      return answer;
    } catch (error) {
      return down(error);
    }
  };
  const findById = (id: AccountId) =>
    find({ filter: byId(rules, id), asked: 'id', ofId: id }, (entry) => isOwnId(readEntry(entry, rules, 0), id));

  const tryPassword = async (dn: string, password: string): Promise<BindAnswer | DirectoryUnavailable> => {
    const policy = new PasswordPolicyControl();
    try {
      return await binds.use(async (connection) => {
        try {
          await connection.bind(dn, password, policy);
          return acceptedAnswer(policy.value);
        } catch (error) {
          const answer = refusedAnswer(error, policy.value);
          if (answer === null) throw error;
          return answer;
        }
      });
    } catch (error) {
      return down(error);
    }
  };

  const bind: BindCheck['bind'] = async (account, password) => {
    const known = account === null || found.has(account) ? account : await findById(account.id);
    if (isUnavailable(known)) return known;
    const person = known === null ? undefined : found.get(known);
    // RFC 4513 §5.1.2: nothing, or what a server reads as nothing (a zero byte ends a C string), is not a password.
    const isReal = person !== undefined && password !== '' && !password.includes('\0') && password.isWellFormed();
    const answer = await tryPassword(isReal ? person.dn : decoyDn, isReal ? password : encodeBase64url(random(24)));
    if (isUnavailable(answer)) return answer;
    if (!isReal) return 'mismatch';
    return person.state === 'active' || answer === 'locked' ? answer : person.state;
  };

  const probeOne = async (url: string): Promise<readonly Problem[]> => {
    const problem = (found: string, wanted: string) => [{ path: `directories: ${name}: ${url}`, found, wanted }];
    let connection: LdapConnection;
    try {
      connection = await connectToSearch(url);
    } catch (error) {
      return problem(messageOf(error), 'a server that this node can search');
    }
    try {
      const options = { filter: rules.personFilter, attributes: [...rules.requested], sizeLimit: 1 };
      const binary = rules.idForm === 'guid' ? [rules.idAttribute, 'objectGUID'] : [];
      const [entry] = await connection.search(rules.base, { ...options, explicitBufferAttributes: binary });
      if (entry === undefined) return problem(`nobody below ${rules.base}`, 'people; may the search see them?');
      const reading = readEntry(entry, rules, clock());
      return reading.kind === 'unusable' ? problem(reading.because, 'people who can be served') : [];
    } catch (error) {
      return problem(`${messageOf(error)}, for a search below ${rules.base}`, 'an answer');
    } finally {
      connection.close();
    }
  };

  return {
    name,
    findByLoginName: (loginName) =>
      find({ filter: byLoginName(rules, loginName), asked: 'login name', ofId: null }, (entry) =>
        hasLoginName(entry, rules, loginName),
      ),
    findById,
    check: { kind: 'bind', bind },
    isUp: () => up,
    probe: async () => (await Promise.all(settings.urls.map(probeOne))).flat(),
    close: () => {
      searches.close();
      binds.close();
    },
  };
}

function isOwnId(reading: ReturnType<typeof readEntry>, id: AccountId): boolean {
  // What cannot be read is told by the caller, not passed over.
  return reading.kind === 'unusable' || reading.person.account.id === id;
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ProblemsError([{ path, found: fileFault(error), wanted: 'a file of certificates in PEM' }]);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'an unknown failure';
}
