// Owns: the second factors of a node as they follow from its configuration. Leaves to methods/: what each of them is; to
// factors.ts: the stores that they stand on.
import type { Config } from '../config/config.ts';
import type { CredentialStore } from '../core/credential.ts';
import type { OneTimeCodes } from '../core/one-time-code.ts';
import type { DataKeys } from '../core/secrets-at-rest.ts';
import type { Random } from '../lib/random.ts';
import { createFactorTable, type FactorTable } from '../methods/factor-table.ts';
import { createMailSender } from '../methods/mail-sender.ts';
import { createSmsSender } from '../methods/sms-sender.ts';
import type { Throttle } from '../methods/throttle.ts';
import type { StableSecret } from '../sealer/stable-secret.ts';
import { codeMessage } from '../web/code-message.ts';

export interface SecondFactorParts {
  readonly credentials: Pick<CredentialStore, 'takeTotpStep' | 'takeRecoveryCode' | 'noteSentCodeUsed'>;
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

/** For whoever else writes to people. */
export function mailSettings(mail: NonNullable<Config['mail']>, fromName: string) {
  const { server, from, username, password, ca, timeout } = mail;
  return { server, from, fromName, username: username ?? null, password, ca, timeoutMs: timeout * 1000 };
}

function smsSettings({ url, from, username, password, timeout }: NonNullable<Config['sms']>) {
  return { url, from, username: username ?? null, password, timeoutMs: timeout * 1000 };
}
