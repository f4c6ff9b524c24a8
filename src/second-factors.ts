// Owns: the second factors of a node as they follow from its configuration and its parts: none without a database.
// Leaves to methods/: what each of them is; to webauthn-factors.ts: keys and passkeys; to wire.ts: who uses them.
import type { Config } from './config/config.ts';
import type { MethodName } from './core/authentication-event.ts';
import type { CredentialStore } from './core/credential.ts';
import type { OneTimeCodes } from './core/one-time-code.ts';
import type { SpentStore } from './core/revocation.ts';
import type { DataKeys } from './core/secrets-at-rest.ts';
import { withoutRevoked } from './directories/revoked-enrolments.ts';
import { createSqlCredentials } from './directories/sql-credentials.ts';
import type { Clock } from './lib/clock.ts';
import type { Random } from './lib/random.ts';
import type { FactorEnrolment } from './methods/factor-method.ts';
import { createFactorTable, type FactorTable } from './methods/factor-table.ts';
import { createMailSender } from './methods/mail-sender.ts';
import { createPasswordPolicy, type PasswordPolicy } from './methods/password-policy.ts';
import { createSmsSender } from './methods/sms-sender.ts';
import type { Throttle } from './methods/throttle.ts';
import type { Parts } from './parts.ts';
import type { SecondFactors } from './routes.ts';
import { createDataCipher, type DataResult } from './sealer/data-value.ts';
import { isRevoked } from './sealer/keyring.ts';
import type { StableSecret } from './sealer/stable-secret.ts';
import { createSqlOneTimeCodes } from './state/sql-one-time-codes.ts';
import { codeMessage } from './web/code-message.ts';
import { createWebauthn } from './webauthn-factors.ts';

export interface SecondFactorParts {
  readonly credentials: Pick<CredentialStore, 'takeTotpStep' | 'takeRecoveryCode'>;
  readonly codes: OneTimeCodes;
  readonly dataKeys: Pick<DataKeys, 'encrypt' | 'decrypt'>;
  readonly stableSecret: Pick<StableSecret, 'derive'>;
  readonly throttle: Pick<Throttle, 'begin'>;
  readonly random: Random;
  /** For the log: `channel` is email or sms, `code` a word that tells nothing about the person. */
  readonly onSendFailed: (channel: string, code: string) => void;
}

type FactorConfig = Pick<Config, 'serviceName' | 'mail' | 'sms' | 'codes'>;

/** The methods beside password and WebAuthn, and how people come to have them. */
export function createSecondFactors(config: FactorConfig, parts: SecondFactorParts): FactorTable {
  const { serviceName, mail, sms, codes } = config;
  const { credentials, dataKeys, stableSecret, throttle, random, onSendFailed } = parts;
  return createFactorTable({
    store: credentials,
    keys: dataKeys,
    throttle,
    codes: parts.codes,
    sendPolicy: codes,
    codeKey: stableSecret.derive('one-time-code'),
    words: (language, code, minutes) => codeMessage(serviceName, language, code, minutes),
    mail: mail && createMailSender(mailSettings(mail, serviceName)),
    sms: sms && { sender: createSmsSender(smsSettings(sms)), prefixes: sms.prefixes },
    onSendFailed,
    serviceName,
    random,
  });
}

function mailSettings(mail: NonNullable<Config['mail']>, fromName: string) {
  const { server, from, username, password, ca, timeout } = mail;
  return { server, from, fromName, username: username ?? null, password, ca, timeoutMs: timeout * 1000 };
}

function smsSettings({ url, from, username, password, timeout }: NonNullable<Config['sms']>) {
  return { url, from, username: username ?? null, password, timeoutMs: timeout * 1000 };
}

export interface FactorContext {
  readonly spent: SpentStore;
  readonly throttle: Throttle;
  readonly clock: Clock;
  readonly random: Random;
  /** How reading a stored secret ended. */
  readonly onSecret: (result: DataResult) => void;
  readonly onSendFailed: SecondFactorParts['onSendFailed'];
}

/** What people of this node can use, and come to have. */
export interface NodeFactors extends SecondFactors {
  readonly enrolments: readonly FactorEnrolment[];
}

const NONE: NodeFactors = {
  ...{ factors: [], enrolments: [], passkeys: null, credentials: null },
  ...{ possible: ['password'], enrolment: null },
};

/** Everything beside the password, on the node's database. Without one there is no place to keep an enrolment. */
export function factorsOnDatabase(config: Config, parts: Parts, context: FactorContext): NodeFactors {
  const { directories: directory, stableSecret, keyring, dataKeyring, shared } = parts;
  if (shared.database === null || dataKeyring === null) return NONE;
  const { spent, throttle, clock, random, onSecret, onSendFailed } = context;
  const credentials = withoutRevoked(createSqlCredentials(shared.database), (kid) => isRevoked(keyring.current(), kid));
  const codes = createSqlOneTimeCodes(shared.database);
  const { current: ring, reread } = dataKeyring;
  const dataKeys = createDataCipher({ ring, reread, clock, random, observe: onSecret });
  const table = createSecondFactors(config, {
    credentials,
    codes,
    dataKeys,
    stableSecret,
    throttle,
    random,
    onSendFailed,
  });
  const webauthn = createWebauthn(config, { credentials, spent, directory, stableSecret, random });
  const methods = [...table.methods, ...(webauthn === null ? [] : [webauthn.method])];
  return {
    factors: methods,
    enrolments: [...table.enrolments, ...(webauthn === null ? [] : [webauthn.enrolment])],
    passkeys: webauthn?.signIn ?? null,
    credentials,
    possible: ['password', ...methods.map(({ name }) => name), ...(webauthn === null ? [] : keyProofs(config))],
    enrolment: null,
  };
}

/** Without a maker's root nobody can enrol a key that counts as attested: asking for one would be asking in vain. */
function keyProofs({ webauthn }: Pick<Config, 'webauthn'>): readonly MethodName[] {
  return webauthn.attestationRoots.length === 0 ? ['passkey'] : ['passkey', 'attested-key'];
}

/** What new passwords are judged by. */
export function passwordPolicyOf({
  password,
  serviceName,
  publicUrl,
}: Pick<Config, 'password' | 'serviceName' | 'publicUrl'>): PasswordPolicy {
  const { hostname } = new URL(publicUrl);
  return createPasswordPolicy({ minLength: password.minLength, serviceWords: [serviceName, hostname, 'signet'] });
}
