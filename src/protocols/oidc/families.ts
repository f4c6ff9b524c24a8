// Owns: what came from one code, as one family: ending all of it, and asking whether it has ended. Kept where single use
// is kept: over the cluster with a database, else on each node.
import { createHash } from 'node:crypto';
import { isUnavailable } from '../../core/account.ts';
import type { SpentStore } from '../../core/revocation.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import { oidcAccess } from '../../sealer/purpose.ts';

export interface Families {
  /** The family of a code: the same on every node that redeems it. */
  readonly of: (codeId: Uint8Array) => Buffer;
  /** `refreshable`: when the last refresh token of it is over. False: it could not be written down, so nothing has ended. */
  readonly end: (family: Uint8Array, refreshable: EpochSeconds, now: EpochSeconds) => Promise<boolean>;
  /** unknown: it could not be asked, so the caller refuses. */
  readonly state: (family: Uint8Array, now: EpochSeconds) => Promise<'live' | 'ended' | 'unknown'>;
}

export function createFamilies(spent: SpentStore): Families {
  return {
    of: (codeId) => createHash('sha256').update('signet.family\0').update(codeId).digest().subarray(0, 16),
    end: async (family, refreshable, now) => {
      // An access token may outlast the last refresh token; what has ended must not come to life again meanwhile.
      const until = Math.max(refreshable, now + oidcAccess.maxLifetime + oidcAccess.toleranceAfterExp);
      const written = await spent.spend('oidc-family', family, until, null, now);
      return typeof written === 'string' && written !== 'full';
    },
    state: async (family, now) => {
      const ended = await spent.peek('oidc-family', family, now);
      if (typeof ended !== 'boolean' && isUnavailable(ended)) return 'unknown';
      return ended === true ? 'ended' : 'live';
    },
  };
}
