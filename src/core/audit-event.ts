// Owns: what is written down about an authentication. Secrets, tokens and sealed values are never part of it.

export interface AuditEvent {
  readonly action: 'login' | 'sso' | 'login-failed' | 'refusal' | 'logout' | 'replay' | 'account-changed' | 'consent';
  readonly outcome: 'success' | 'failure';
  /** Closed vocabulary: a RefusalReason, a FactorFailure kind, a protocol error's code. */
  readonly reason: string | null;
  /** What `signet sessions revoke --sid` takes; no bearer value. */
  readonly sid: Uint8Array | null;
  readonly accountId: string | null;
  readonly loginName: string | null;
  readonly relyingParty: string | null;
  readonly methods: readonly string[];
  readonly assurance: string | null;
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly requestId: string;
}
