// Owns: the tables as the program sees them. Leaves to migrations.ts: making them; docs/database.md says what they mean,
// and a test compares the two. Times are Unix seconds, truth is 1 or 0, lists are JSON: the same in both databases.

export interface UsersTable {
  readonly id: string;
  readonly login_name: string;
  /** `loginNameKey` of the name: what is looked up. */
  readonly login_key: string;
  readonly password_hash: string | null;
  /** The hash's cost as `costKey` spells it, so that the most common one is known without reading hashes. */
  readonly password_cost: string | null;
  readonly disabled: number;
  /** JSON: attribute name to a list of values. */
  readonly attributes: string;
  readonly created_at: number;
  readonly updated_at: number;
}

export interface UserGroupsTable {
  readonly account_id: string;
  readonly group_name: string;
}

export interface CredentialSetsTable {
  readonly account_id: string;
  readonly version: number;
}

export interface CredentialsTable {
  readonly account_id: string;
  readonly id: string;
  readonly kind: string;
  readonly label: string;
  readonly created_at: number;
  readonly last_used_at: number | null;
  readonly disabled: number;
  /** JSON: ids of sealer keys. */
  readonly lineage: string;
  readonly secret: string | null;
  readonly last_step: number | null;
  readonly webauthn_id: string | null;
  readonly counter: number | null;
  /** JSON: what is fixed of a WebAuthn credential. */
  readonly details: string | null;
  readonly destination: string | null;
  /** Digest of the request id of the newest use, which was at `last_used_at`: a balancer's repeat is the same attempt. */
  readonly used_by: string | null;
}

export interface RecoveryCodesTable {
  readonly account_id: string;
  readonly credential_id: string;
  readonly hash: string;
  readonly used_at: number | null;
  readonly used_by: string | null;
}

export interface OneTimeCodesTable {
  readonly account_id: string;
  /** What the code is for: a `CodeUse`. */
  readonly purpose: string;
  /** Keyed hashes: the table holds no code and no address. */
  readonly hash: string;
  readonly destination: string;
  readonly expires_at: number;
  readonly used_at: number | null;
  readonly used_by: string | null;
}

export interface CodeSendsTable {
  /** An account and a channel, or a destination. */
  readonly subject: string;
  readonly sent_at: number;
}

export interface SpentTable {
  readonly kind: string;
  /** A digest. */
  readonly id: string;
  readonly spent_at: number;
  readonly expires_at: number;
  readonly used_by: string | null;
}

export interface AttemptsTable {
  /** Empty for a name that nobody has. */
  readonly account_id: string;
  /** Empty for "a login has finished from this place"; `device` for failures at a known browser. */
  readonly method: string;
  /** Digest of the name that nobody has, of the place, or of the browser's id; else empty. */
  readonly detail: string;
  readonly failures: number;
  readonly in_a_row: number;
  readonly failed_at: number;
  readonly previous_failed_at: number;
}

export interface RevocationsTable {
  readonly kind: string;
  /** The sid in base64url, the account id, or empty for everybody. */
  readonly subject: string;
  readonly not_before: number;
  readonly expires_at: number;
  readonly recorded_at: number;
}

export interface SessionsTable {
  readonly sid: string;
  readonly account_id: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly ended_at: number | null;
  /** JSON: method names. */
  readonly methods: string;
  readonly address: string | null;
  readonly user_agent: string | null;
}

export interface SessionParticipantsTable {
  readonly sid: string;
  /** `saml:`, `oidc:` or `cas:` and the party's own name. */
  readonly relying_party: string;
  readonly joined_at: number;
  readonly expires_at: number;
}

export interface AuditTable {
  readonly id: string;
  readonly at: number;
  readonly node: string;
  readonly action: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly account_id: string | null;
  readonly sid: string | null;
  readonly relying_party: string | null;
  /** JSON: method names. */
  readonly methods: string;
  readonly address: string | null;
  readonly user_agent: string | null;
  readonly request_id: string;
}

export interface ConsentsTable {
  readonly account_id: string;
  /** The relying party's key: protocol, colon, its own name. */
  readonly rp_key: string;
  /** `consentDigest` of what was agreed to. */
  readonly digest: string;
  readonly agreed_at: number;
}

export interface MetaTable {
  readonly name: string;
  readonly value: string;
}

export interface SchemaMigrationsTable {
  readonly version: number;
  readonly name: string;
  readonly applied_at: number;
  /** The oldest schema version whose program may go on using a database with this migration. */
  readonly oldest_program: number;
}

export interface Schema {
  readonly users: UsersTable;
  readonly user_groups: UserGroupsTable;
  readonly credential_sets: CredentialSetsTable;
  readonly credentials: CredentialsTable;
  readonly recovery_codes: RecoveryCodesTable;
  readonly one_time_codes: OneTimeCodesTable;
  readonly code_sends: CodeSendsTable;
  readonly spent: SpentTable;
  readonly attempts: AttemptsTable;
  readonly revocations: RevocationsTable;
  readonly sessions: SessionsTable;
  readonly session_participants: SessionParticipantsTable;
  readonly audit: AuditTable;
  readonly consents: ConsentsTable;
  readonly meta: MetaTable;
  readonly schema_migrations: SchemaMigrationsTable;
}
