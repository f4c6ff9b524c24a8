// Owns: refresh tokens: sealing one, opening one. Leaves to refresh-grant.ts: using one.
import type { EpochSeconds } from '../../lib/clock.ts';
import { type Ancestor, isLineageRevoked, sealFrom } from '../../sealed/lineage.ts';
import { decodeRefresh, encodeRefresh, REFRESH_LINEAGE_MAX, type RefreshGrant } from '../../sealed/refresh-body.ts';
import { oidcRefresh } from '../../sealer/purpose.ts';
import type { Sealer } from '../../sealer/seal.ts';

export interface OpenRefresh {
  readonly grant: RefreshGrant;
  readonly kid: string;
  readonly iat: EpochSeconds;
}

export interface RefreshTokens {
  /** Null when no key seals, or it would descend from more keys than can be told. */
  readonly seal: (
    clientId: string,
    grant: Omit<RefreshGrant, 'lineage'>,
    from: readonly Ancestor[],
    now: EpochSeconds,
  ) => string | null;
  /** Null for anything but a live token of this client, under keys of which none is revoked. */
  readonly open: (clientId: string, token: string) => OpenRefresh | null;
}

export function createRefreshTokens(sealer: Sealer): RefreshTokens {
  return {
    seal: (clientId, grant, from, now) => {
      const sealed = sealFrom(sealer, oidcRefresh, from, {
        context: clientId,
        iat: now,
        exp: grant.ends,
        lineageMax: REFRESH_LINEAGE_MAX,
        body: (lineage) => encodeRefresh({ ...grant, lineage }),
      });
      return 'refused' in sealed ? null : sealed.token;
    },
    open: (clientId, token) => {
      const opened = sealer.open(oidcRefresh, clientId, token);
      const grant = opened === null ? null : decodeRefresh(opened.body);
      if (opened === null || grant === null) return null;
      if (isLineageRevoked(sealer, { kid: opened.kid, lineage: grant.lineage })) return null;
      return { grant, kid: opened.kid, iat: opened.iat };
    },
  };
}
