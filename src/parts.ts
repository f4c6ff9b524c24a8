// Owns: opening every file that a node lives on, and telling all that is wrong with them at once.
// Leaves to node/: each kind of keys; to wire.ts: putting the opened parts together; `signet check` opens them and stops there.
import { readFileSync } from 'node:fs';
import type { Config } from './config/config.ts';
import { type OpenDirectories, openDirectories } from './directories/open-directories.ts';
import { openSqlDirectory } from './directories/sql-directory.ts';
import { type AddressTest, addressList } from './lib/address-list.ts';
import { attempt, attemptLater } from './lib/attempt.ts';
import { followProblems } from './lib/follow-problems.ts';
import { formatProblem, type Problem, Problems, ProblemsError } from './lib/problems.ts';
import { checkRotation, followRevokedKeys, highestSerials, openDataKeyring, openKeyring } from './node/keyrings.ts';
import type { PartsContext } from './node/parts-context.ts';
import { openSharedState, type SharedState } from './node/shared-state.ts';
import { openSigning } from './node/signing.ts';
import type { SigningSetName } from './node/signing-sets.ts';
import { writeProblems } from './node/who-may-write.ts';
import { openPartyRegistry, type PartyRegistry } from './parties/party-registry.ts';
import { unkeptConsents } from './parties/unkept-consents.ts';
import type { CallbackOptions } from './protocols/cas/proxy-callback.ts';
import { unsignableClients } from './protocols/oidc/signable.ts';
import { followSigners, type Signers, unmadeSignatures } from './protocols/saml/signers.ts';
import type { DataKeyringSource } from './sealer/data-key-file.ts';
import type { KeyringSource } from './sealer/key-file.ts';
import { readSecretFile } from './sealer/secret-file.ts';
import { openStableSecret, type StableSecret } from './sealer/stable-secret.ts';
import type { SigningKeySource } from './signing/followed-key-set.ts';
import type { RevocationFeed } from './state/revocation-feed.ts';
import { type RingName, rememberSerial } from './state/sql-meta.ts';
import { openTheme, type Theme } from './web/theme.ts';

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

/** @throws ProblemsError with everything that keeps a node from starting. */
export async function openParts(config: Config, context: PartsContext): Promise<Parts> {
  const problems = new Problems();
  const warnings = new Problems();
  warnings.addAll(writeProblems(config));
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
  const tellUnsignable = followProblems(
    () => (oidcSigning === null ? [] : unsignableClients(parties.clients(), oidcSigning.current())),
    (problem) => context.onEvent({ part: 'parties', level: 'error', message: formatProblem(problem) }),
  );
  const tellUnkept = followProblems(
    () => unkeptConsents(parties, shared.database !== null),
    (problem) => context.onEvent({ part: 'parties', level: 'warn', message: formatProblem(problem) }),
  );
  const timer = setInterval(
    () =>
      void reloadParties(parties, context).then(() => {
        tellUnsignable();
        tellUnkept();
      }),
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

/** What an operator should know, and may well want so. */
export function notes({ parties, shared }: Pick<Parts, 'parties' | 'shared'>): readonly Problem[] {
  return unkeptConsents(parties, shared.database !== null);
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
