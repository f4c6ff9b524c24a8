// Owns: what people of this node can have beside passwords, put together: methods, enrolments, and where they are kept.
// Leaves to second-factors.ts and webauthn-factors.ts: each method as it is configured. Without a database there is nothing.
import type { Logger } from 'winston';
import type { Config } from '../config/config.ts';
import type { MethodName } from '../core/authentication-event.ts';
import type { CredentialStore } from '../core/credential.ts';
import type { SpentStore } from '../core/revocation.ts';
import { withoutRevoked } from '../directories/revoked-enrolments.ts';
import { createSqlCredentials } from '../directories/sql-credentials.ts';
import { withoutAttestation } from '../directories/unattested-keys.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import type { FactorEnrolment } from '../methods/factor-method.ts';
import { createMailSender } from '../methods/mail-sender.ts';
import type { Throttle } from '../methods/throttle.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Parts } from '../parts.ts';
import { createDataCipher } from '../sealer/data-value.ts';
import { isRevoked } from '../sealer/keyring.ts';
import { createSqlOneTimeCodes } from '../state/sql-one-time-codes.ts';
import { type Announcer, createAnnouncer } from '../web/announcer.ts';
import type { LoginDeskOptions } from '../web/login-desk.ts';
import { createSecondFactors, mailSettings } from './second-factors.ts';
import { createWebauthn } from './webauthn-factors.ts';

export interface NodeFactors extends Pick<LoginDeskOptions, 'factors' | 'passkeys' | 'possible'> {
  /** null: there is no database. */
  readonly credentials: CredentialStore | null;
  readonly enrolments: readonly FactorEnrolment[];
  readonly announcer: Announcer;
}

export interface NodeFactorParts {
  readonly parts: Pick<Parts, 'shared' | 'keyring' | 'dataKeyring' | 'stableSecret' | 'directories'>;
  readonly spent: SpentStore;
  readonly throttle: Throttle;
  readonly metrics: Pick<Metrics, 'secretsRead'>;
  readonly log: Pick<Logger, 'warn'>;
  readonly clock: Clock;
  readonly random: Random;
}

export function createNodeFactors(config: Config, given: NodeFactorParts): NodeFactors {
  const { parts, spent, throttle, log, clock, random } = given;
  const { shared, keyring, dataKeyring, stableSecret, directories: directory } = parts;
  const { database } = shared;
  const onSendFailed = (channel: string, code: string): void => {
    log.warn('a message could not be sent', { channel, code });
  };
  const announcer = createAnnouncer({
    mail: config.mail && createMailSender(mailSettings(config.mail, config.serviceName)),
    serviceName: config.serviceName,
    attribute: 'mail',
    onSendFailed: (code) => onSendFailed('announcement', code),
  });
  if (database === null || dataKeyring === null) {
    return { factors: [], passkeys: null, credentials: null, possible: ['password'], enrolments: [], announcer };
  }
  const enrolled = withoutRevoked(createSqlCredentials(database), (kid) => isRevoked(keyring.current(), kid));
  const credentials = config.webauthn.attestationRoots.length === 0 ? withoutAttestation(enrolled) : enrolled;
  const dataKeys = createDataCipher({
    ring: dataKeyring.current,
    reread: dataKeyring.reread,
    clock,
    random,
    observe: (result) => given.metrics.secretsRead.inc({ result }),
  });
  const codes = createSqlOneTimeCodes(database);
  const table = createSecondFactors(config, {
    ...{ credentials, codes, dataKeys, stableSecret, throttle, random, onSendFailed },
  });
  const webauthn = createWebauthn(config, { credentials, spent, directory, stableSecret, random });
  const factors = [...(webauthn === null ? [] : [webauthn.method]), ...table.methods];
  return {
    factors,
    passkeys: webauthn?.signIn ?? null,
    credentials,
    possible: ['password', ...(webauthn === null ? [] : keyProofs(config)), ...table.methods.map(({ name }) => name)],
    enrolments: [...(webauthn === null ? [] : [webauthn.enrolment]), ...table.enrolments],
    announcer,
  };
}

/**
 * What the one question for a key can prove. Without a maker's root nobody can enrol a key that counts as attested: asking
 * for one would be asking in vain.
 */
function keyProofs({ webauthn }: Pick<Config, 'webauthn'>): readonly MethodName[] {
  return [...(webauthn.attestationRoots.length === 0 ? [] : ['attested-key' as const]), 'passkey', 'webauthn'];
}
