// Owns: the numbers that Signet shows to Prometheus. Labels never hold a person's name, address or a sealed value.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  readonly registry: Registry;
  readonly logins: Counter<'method' | 'outcome' | 'reason'>;
  readonly loginDuration: Histogram;
  readonly sessionsStarted: Counter;
  readonly samlMessages: Counter<'binding' | 'type' | 'outcome'>;
  readonly oidcRequests: Counter<'endpoint' | 'outcome'>;
  readonly casRequests: Counter<'endpoint' | 'outcome'>;
  readonly assertions: Counter<'sp'>;
  readonly httpDuration: Histogram<'route' | 'method' | 'code'>;
  readonly unseals: Counter<'purpose' | 'result'>;
  readonly replays: Counter<'kind' | 'result'>;
  readonly participantsDropped: Counter;
  readonly loadErrors: Counter<'what'>;
  readonly keyringSerial: Gauge;
  readonly keyringKey: Gauge<'kid' | 'state'>;
  readonly keyringPrimary: Gauge<'kid'>;
  readonly keyringOverdue: Gauge;
  readonly dataKeyringSerial: Gauge;
  readonly metadataExpiry: Gauge<'sp'>;
  readonly certificateExpiry: Gauge<'protocol' | 'state' | 'kid'>;
  readonly signingKeysSerial: Gauge<'protocol'>;
  readonly hashQueue: Gauge;
  readonly spentRefusals: Gauge;
  readonly auditLost: Gauge;
  readonly logLost: Gauge;
  readonly journalLost: Gauge<'journal'>;
  readonly revocationAge: Gauge;
  readonly revocationsOver: Gauge;
  readonly backendUp: Gauge<'backend'>;
  readonly backendDuration: Histogram<'backend' | 'operation'>;
  readonly backendErrors: Counter<'backend' | 'reason'>;
  readonly secretsRead: Counter<'result'>;
}

/** A registry of its own for each node object, so that several can live in one process. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  new Gauge({ name: 'signet_build_info', help: 'Always 1', labelNames: ['version'], registers }).set({ version }, 1);
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers });
  return {
    registry,
    logins: counter('signet_logins_total', 'Proofs that were tried', ['method', 'outcome', 'reason']),
    loginDuration: new Histogram({
      name: 'signet_login_duration_seconds',
      help: 'From the posted form to the answer',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    sessionsStarted: counter('signet_sessions_started_total', 'New sessions'),
    samlMessages: counter('signet_saml_messages_total', 'SAML messages', ['binding', 'type', 'outcome']),
    oidcRequests: counter('signet_oidc_requests_total', 'OpenID Connect requests', ['endpoint', 'outcome']),
    casRequests: counter('signet_cas_requests_total', 'CAS requests', ['endpoint', 'outcome']),
    assertions: counter('signet_assertions_issued_total', 'Answers that say who somebody is, by registered party', [
      'sp',
    ]),
    httpDuration: new Histogram({
      name: 'signet_http_request_duration_seconds',
      help: 'Public requests',
      labelNames: ['route', 'method', 'code'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1, 5],
      registers,
    }),
    unseals: counter('signet_unseal_total', 'Sealed values opened', ['purpose', 'result']),
    replays: counter('signet_spent_total', 'Single-use checks that did not come first', ['kind', 'result']),
    participantsDropped: counter('signet_participants_dropped_total', 'Participants left out of a full session cookie'),
    loadErrors: counter('signet_load_errors_total', 'Files that could not be taken; the last good copy stays', [
      'what',
    ]),
    keyringSerial: gauge('signet_keyring_serial', 'Serial of the loaded keyring'),
    keyringKey: gauge('signet_keyring_key', '1 for the state each key is in', ['kid', 'state']),
    keyringPrimary: gauge('signet_keyring_primary', '1 for the key that seals', ['kid']),
    keyringOverdue: gauge('signet_keyring_overdue', '1 while a key seals that should have been rotated'),
    dataKeyringSerial: gauge('signet_data_keyring_serial', 'Serial of the loaded data keyring'),
    metadataExpiry: gauge('signet_metadata_expiry_timestamp_seconds', 'validUntil of a party', ['sp']),
    certificateExpiry: gauge(
      'signet_signing_certificate_expiry_timestamp_seconds',
      'notAfter of each certificate of a signing key',
      ['protocol', 'state', 'kid'],
    ),
    signingKeysSerial: gauge('signet_signing_keys_serial', 'Serial of the loaded set of signing keys', ['protocol']),
    spentRefusals: gauge(
      'signet_replay_table_refusals',
      'Answers refused because the replay table was full, since the start',
    ),
    auditLost: gauge('signet_audit_lines_lost', 'Audit lines that could not be kept, since the start'),
    logLost: gauge('signet_log_lines_lost', 'Lines of the log that nobody has read, since the start'),
    journalLost: gauge(
      'signet_journal_rows_lost',
      'Rows for people and operators to look at that were left out of the database, since the start',
      ['journal'],
    ),
    hashQueue: gauge('signet_hash_queue_length', 'Logins that wait for a password hash'),
    revocationAge: gauge('signet_revocation_feed_age_seconds', 'Since the revocations were last read well'),
    revocationsOver: gauge(
      'signet_revocations_over_capacity',
      '1 while there are more revocations than the node can hold: sessions are looked up in the database',
    ),
    backendUp: gauge('signet_backend_up', '1 when the database or directory gave an answer when last asked', [
      'backend',
    ]),
    backendDuration: new Histogram({
      name: 'signet_backend_request_duration_seconds',
      help: 'Questions to the database, waiting for a connection included',
      labelNames: ['backend', 'operation'],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1, 5],
      registers,
    }),
    backendErrors: counter('signet_backend_errors_total', 'Questions to the database that had no answer', [
      'backend',
      'reason',
    ]),
    secretsRead: counter('signet_secrets_read_total', 'Stored secrets decrypted with the data keyring', ['result']),
  };
}
