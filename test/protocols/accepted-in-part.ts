// Owns: a sign-in as adapters are given it to answer, where the request accepts less than all that the session has seen.
import type { Authenticated } from '../../src/core/authentication-result.ts';

export const NOW = 1_790_000_000;
const OLDER_PROOF = { method: 'totp', credentialId: 'app', at: NOW - 600 } as const;
export const NEWER_PROOF = { method: 'password', credentialId: 'pw', at: NOW } as const;

/** A session of two proofs, of which the request accepts the newer. */
export const ACCEPTED_IN_PART: Authenticated = {
  kind: 'authenticated',
  account: { id: 'a-1', loginName: 'anna', disabled: false, attributes: new Map(), groups: [] },
  session: {
    sid: Buffer.alloc(16, 3),
    accountId: 'a-1',
    created: NOW - 600,
    events: [OLDER_PROOF, NEWER_PROOF],
    participants: [],
    lineage: [],
  },
  proofs: [NEWER_PROOF],
  change: { kind: 'extended' },
  agreed: null,
};
