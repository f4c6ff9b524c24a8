// Owns: opening every file that a node lives on, and telling all that is wrong with them at once.
// Leaves to wire.ts: putting the opened parts together; `signet check` opens them and stops there.
import { existsSync, readFileSync } from 'node:fs';
import type { Config } from './config/config.ts';
import { disownEnrolments } from './directories/disown-enrolments.ts';
import { type OpenDirectories, openDirectories } from './directories/open-directories.ts';
import { openSqlDirectory } from './directories/sql-directory.ts';
import { endSessionsOf } from './end-sessions.ts';
import { type AddressTest, addressList } from './lib/address-list.ts';
import type { Clock } from './lib/clock.ts';
import { formatProblem, messageOf, type Problem, Problems, ProblemsError } from './lib/problems.ts';
import type { Random } from './lib/random.ts';
import { openPartyRegistry, type PartyRegistry } from './parties/party-registry.ts';
import type { CallbackOptions } from './protocols/cas/proxy-callback.ts';
import { followUnsignable, unsignableClients } from './protocols/oidc/signable.ts';
import { followSigners, type Signers, unmadeSignatures } from './protocols/saml/signers.ts';
import { type DataKeyringSource, openDataKeyringFile } from './sealer/data-key-file.ts';
import { type KeyringEvent, type KeyringSource, openKeyringFile } from './sealer/key-file.ts';
import { readSecretFile } from './sealer/secret-file.ts';
import { openStableSecret, type StableSecret } from './sealer/stable-secret.ts';
import { openSharedState, type SharedState, type SharedStateContext } from './shared-state.ts';
import { type KeySetEvent, openKeySetFolder, type SigningKeySource } from './signing/key-set-folder.ts';
import { SIGNING_SETS, type SigningSetName, signingKeyWarnings } from './signing-sets.ts';
import type { RevocationFeed } from './state/revocation-feed.ts';
import { highestSerial, type RingName, rememberSerial } from './state/sql-meta.ts';
import { openTheme, type Theme } from './web/theme.ts';

/** Something that the log should have; `problems` when a file was refused and the last good copy stays. */
export interface PartEvent {
  readonly part: 'keyring' | 'data-keyring' | 'users' | 'parties' | 'revocations' | 'signing-keys' | 'database';
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
}

export interface Parts {
  readonly keyring: KeyringSource;
  /** Null where there is none: nothing can be enrolled then. */
  readonly dataKeyring: DataKeyringSource | null;
  readonly stableSecret: StableSecret;
  readonly directories: OpenDirectories['table'];
  /** The same directories, for status and checks. */
  readonly directoryDetails: Omit<OpenDirectories, 'table' | 'close'>;
  readonly parties: PartyRegistry;
  readonly shared: SharedState;
  readonly revocations: RevocationFeed;
  /** By the name of the set, which is that of the protocol. */
  readonly signingKeys: Readonly<Record<SigningSetName, SigningKeySource>>;
  /** SAML's, as its keys are now. */
  readonly signers: () => Signers;
  readonly isProxy: AddressTest;
  /** How proxies' callbacks are reached. */
  readonly casCallbacks: Pick<CallbackOptions, 'isAllowed' | 'authorities'>;
  readonly theme: Theme;
  /** What does not keep a node from starting, and yet wants somebody's attention. */
  readonly warnings: readonly Problem[];
  readonly close: () => Promise<void>;
}

export interface PartsContext extends Pick<SharedStateContext, 'onBackend' | 'look'> {
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: (event: PartEvent) => void;
}

/** @throws ProblemsError with everything that keeps a node from starting. */
export async function openParts(config: Config, context: PartsContext): Promise<Parts> {
  const problems = new Problems();
  const warnings = new Problems();
  const isProxy = addressList(config.trustedProxies, 'trustedProxies', problems);
  const casCallbacks = openCasCallbacks(config, problems);
  const shared = await openSharedState(config, context, problems, warnings);
  const serials = await highestSerials(shared.database);
  const remember = (ring: RingName, serial: number): void => {
    if (shared.database !== null && !context.look) void rememberSerial(shared.database, ring, serial);
  };
  const keyring = attempt(problems, config.keyring.file, () => openKeyring(config, context, serials, remember));
  const disowned =
    keyring === null || context.look ? null : followRevokedKeys(config, keyring, shared.database, context);
  if (keyring !== null) checkRotation(keyring, config.keyring.file, warnings);
  const dataKeyring = attempt(problems, config.dataKeyring.file, () =>
    openDataKeyring(config, context, serials, remember),
  );
  // What is enrolled could not be read: nobody may be let in as if they had enrolled nothing.
  if (dataKeyring === null && shared.database !== null && !problems.any()) {
    problems.add(config.dataKeyring.file, 'no file', 'the data keyring, which a database needs: signet data-keys init');
  }
  const stableSecret = attempt(problems, config.stableSecret.file, () => openStableSecret(config.stableSecret.file));
  if (stableSecret !== null) checkFingerprint(config, stableSecret, problems);
  const signing = attempt(problems, config.saml.signing.folder, () =>
    openSigning(config, 'saml', config.saml.signing.poll, context, warnings),
  );
  const oidcSigning = attempt(problems, config.oidc.signing.folder, () =>
    openSigning(config, 'oidc', config.oidc.signing.poll, context, warnings),
  );
  const directories = await attemptLater(problems, 'directories', () =>
    openAllDirectories(config, context, shared.database),
  );
  const theme = attempt(problems, 'theme', () => openTheme(config.theme));
  const parties = await openPartyRegistry(config.parties.folder);
  const tellUnsignable = followUnsignable(
    () => (oidcSigning === null ? [] : unsignableClients(parties.clients(), oidcSigning.current())),
    (problem) => context.onEvent({ part: 'parties', level: 'error', message: formatProblem(problem) }),
  );
  const timer = setInterval(
    () => void reloadParties(parties, context).then(tellUnsignable),
    config.parties.poll * 1000,
  ).unref();
  const close = async (): Promise<void> => {
    clearInterval(timer);
    disowned?.();
    keyring?.close();
    dataKeyring?.close();
    directories?.close();
    signing?.close();
    oidcSigning?.close();
    await shared.close();
  };
  const missing = keyring === null || stableSecret === null || directories === null;
  if (problems.any() || missing || signing === null || oidcSigning === null || theme === null) {
    await close();
    throw new ProblemsError(problems.list());
  }
  return {
    keyring,
    dataKeyring,
    stableSecret,
    directories: directories.table,
    directoryDetails: directories,
    parties,
    shared,
    revocations: shared.revocations,
    signingKeys: { saml: signing, oidc: oidcSigning },
    signers: followSigners(() => signing.current().current),
    isProxy,
    casCallbacks,
    theme,
    warnings: warnings.list(),
    close,
  };
}

function followRevokedKeys(
  config: Config,
  keyring: KeyringSource,
  database: SharedState['database'],
  { clock, onEvent }: PartsContext,
): (() => void) | null {
  if (database === null) return null;
  return disownEnrolments(database, {
    revokedKids: () => keyring.current().revoked.map(({ kid }) => kid),
    endSessions: (queries, accountId) => endSessionsOf(queries, config, accountId, clock()),
    onDisabled: (message) => onEvent({ part: 'database', level: 'warn', message }),
  });
}

type Serials = Readonly<Record<RingName, number>>;

/** While the database is down, the configured minimum alone must do. */
async function highestSerials(database: SharedState['database']): Promise<Serials> {
  const highest = async (ring: RingName): Promise<number> => {
    const serial = database === null ? 0 : await highestSerial(database, ring);
    return typeof serial === 'number' ? serial : 0;
  };
  return { keyring: await highest('keyring'), 'data-keyring': await highest('data-keyring') };
}

function openCasCallbacks({ cas }: Config, problems: Problems): Parts['casCallbacks'] {
  const isAllowed = addressList(cas.callbackNetworks, 'cas.callbackNetworks', problems);
  const { callbackAuthorities: path } = cas;
  if (path === null) return { isAllowed, authorities: null };
  const authorities = attempt(problems, 'cas.callbackAuthorities', () => readFileSync(path, 'utf8'));
  if (authorities !== null && !authorities.includes('-----BEGIN CERTIFICATE-----')) {
    problems.add('cas.callbackAuthorities', path, 'certificates in PEM');
  }
  return { isAllowed, authorities };
}

function openKeyring(
  config: Config,
  { clock, onEvent }: PartsContext,
  serials: Serials,
  remember: (ring: RingName, serial: number) => void,
): KeyringSource {
  return openKeyringFile({
    path: config.keyring.file,
    realm: config.entityId,
    minSerial: Math.max(config.keyring.minSerial, serials.keyring),
    pollSeconds: config.keyring.poll,
    clock,
    onEvent: (event) => {
      if (event.kind === 'loaded') remember('keyring', event.serial);
      onEvent(keyringPartEvent(event));
    },
  });
}

/** A file that is there must be good; without a database none is needed. */
function openDataKeyring(
  config: Config,
  { clock, onEvent }: PartsContext,
  serials: Serials,
  remember: (ring: RingName, serial: number) => void,
): DataKeyringSource | null {
  const { file: path, minSerial, poll } = config.dataKeyring;
  if (config.database.target === null && !existsSync(path)) return null;
  const part = 'data-keyring';
  return openDataKeyringFile({
    path,
    minSerial: Math.max(minSerial, serials[part]),
    pollSeconds: poll,
    clock,
    onEvent: (event) => {
      if (event.kind === 'loaded') remember(part, event.serial);
      onEvent(
        event.kind === 'loaded'
          ? { part, level: 'info', message: `serial ${event.serial}, key ${event.primaryKid} encrypts` }
          : { part, level: 'error', message: event.problems.map(formatProblem).join('; ') },
      );
    },
  });
}

function keyringPartEvent(event: KeyringEvent): PartEvent {
  switch (event.kind) {
    case 'loaded':
      return { part: 'keyring', level: 'info', message: `serial ${event.serial}, key ${event.primaryKid} seals` };
    case 'refused':
      return { part: 'keyring', level: 'error', message: event.problems.map(formatProblem).join('; ') };
    case 'overdue': {
      const [retired, ends] = [event.retired, event.ends].map((time) => new Date(time * 1000).toISOString());
      const message = `key ${event.kid} seals though it was to be rotated before ${retired}; it ends ${ends}: signet keys rotate`;
      return { part: 'keyring', level: 'warn', message };
    }
    default:
      return event satisfies never;
  }
}

/** A forgotten rotation does not keep a node from working; when the key ends it does. */
function checkRotation(keyring: KeyringSource, path: string, warnings: Problems): void {
  const seals = keyring.status().primary;
  if (seals?.because !== 'overdue') return;
  warnings.add(path, `key ${seals.kid}, which should have been rotated, seals`, 'a newer key: signet keys rotate');
}

function checkFingerprint(config: Config, secret: StableSecret, problems: Problems): void {
  const { fingerprint } = config.stableSecret;
  if (fingerprint !== undefined && fingerprint !== secret.fingerprint) {
    problems.add(
      'stableSecret.fingerprint',
      fingerprint,
      `${secret.fingerprint}, if the secret was really meant to change: everybody then has another name everywhere`,
    );
  }
}

/** Also for commands that look for people. @throws ProblemsError */
export function openAllDirectories(
  config: Config,
  { clock, random, onEvent }: Pick<PartsContext, 'onEvent' | 'random' | 'clock'>,
  database: SharedState['database'],
): Promise<OpenDirectories> {
  return openDirectories(config.directories, {
    openSql: database === null ? null : (name) => openSqlDirectory(name, database),
    accountCache: config.accountCache,
    clock,
    random,
    readSecret: (path) => readSecretFile(path).toString('utf8'),
    onEvent: ({ directory, level, message }) => onEvent({ part: 'users', level, message: `${directory}: ${message}` }),
  });
}

async function reloadParties(parties: PartyRegistry, { onEvent }: PartsContext): Promise<void> {
  if (!(await parties.reload())) return;
  onEvent({ part: 'parties', level: 'info', message: `${parties.size()} parties` });
  for (const problem of parties.problems())
    onEvent({ part: 'parties', level: 'error', message: formatProblem(problem) });
}

/** Parties that want a signature that no key here can make: SAML ones get the usual one, clients are turned away. */
export function signatureProblems({
  parties,
  signers,
  signingKeys,
}: Pick<Parts, 'parties' | 'signers' | 'signingKeys'>): readonly Problem[] {
  return [
    ...unmadeSignatures(parties.all(), signers()),
    ...unsignableClients(parties.clients(), signingKeys.oidc.current()),
  ];
}

function openSigning(
  config: Config,
  name: SigningSetName,
  pollSeconds: number,
  { clock, onEvent }: PartsContext,
  warnings: Problems,
): SigningKeySource {
  const place = SIGNING_SETS[name].place(config);
  const source = openKeySetFolder({
    ...place,
    pollSeconds,
    clock,
    onEvent: (event) => onEvent(signingPartEvent(event)),
  });
  warnings.addAll(signingKeyWarnings(place, source.current(), clock()));
  return source;
}

function signingPartEvent(event: KeySetEvent): PartEvent {
  const part = 'signing-keys';
  if (event.kind === 'refused') return { part, level: 'error', message: event.problems.map(formatProblem).join('; ') };
  const { serial, current, waitingFor } = event;
  const message = `serial ${serial}, ${current.join(' and ')} signs`;
  if (waitingFor.length === 0) return { part, level: 'info', message };
  return { part, level: 'warn', message: `${message}; the private key of ${waitingFor.join(', ')} is not here yet` };
}

/** Runs what may refuse; a refusal becomes problems, and null. */
function attempt<T>(problems: Problems, path: string, open: () => T): T | null {
  try {
    return open();
  } catch (error) {
    addFailure(problems, path, error);
    return null;
  }
}

async function attemptLater<T>(problems: Problems, path: string, open: () => Promise<T>): Promise<T | null> {
  try {
    return await open();
  } catch (error) {
    addFailure(problems, path, error);
    return null;
  }
}

function addFailure(problems: Problems, path: string, error: unknown): void {
  if (error instanceof ProblemsError) {
    for (const { path: inside, found, wanted } of error.problems) {
      problems.add(inside.includes(path) ? inside : `${path}: ${inside}`, found, wanted);
    }
  } else problems.add(path, messageOf(error), 'a file that can be used');
}
