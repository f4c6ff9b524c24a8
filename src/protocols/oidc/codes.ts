// Owns: authorization codes: sealing one for a client, opening one that a client shows. Leaves to the token endpoint:
// using it once, and everything that it is compared with.
import { createHash } from 'node:crypto';
import type { EpochSeconds } from '../../lib/clock.ts';
import { type AuthorizationCode, decodeCode, encodeCode } from '../../sealed/code-body.ts';
import { type Ancestor, isLineageRevoked, sealFrom } from '../../sealed/lineage.ts';
import { oidcCode } from '../../sealer/purpose.ts';
import type { Sealer } from '../../sealer/seal.ts';

/** RFC 6749 §4.1.2 recommends at most ten minutes; a client redeems at once. */
export const CODE_SECONDS = 60;

export interface OpenCode {
  readonly code: AuthorizationCode;
  readonly kid: string;
  readonly iat: EpochSeconds;
  readonly exp: EpochSeconds;
}

export interface Codes {
  /** Null when no key seals, or it would descend from more keys than can be told. */
  readonly seal: (
    clientId: string,
    code: Omit<AuthorizationCode, 'lineage'>,
    from: readonly Ancestor[],
    now: EpochSeconds,
  ) => string | null;
  /** Null for anything but a live code of this client, under keys of which none is revoked. */
  readonly open: (clientId: string, token: string) => OpenCode | null;
}

/** How a code names an address: 16 bytes of SHA-256. */
export function redirectDigest(redirectUri: string): Buffer {
  return createHash('sha256').update(redirectUri, 'utf8').digest().subarray(0, 16);
}

export function createCodes(sealer: Sealer): Codes {
  return {
    seal: (clientId, code, from, now) => {
      const sealed = sealFrom(sealer, oidcCode, from, {
        context: clientId,
        iat: now,
        exp: now + CODE_SECONDS,
        body: (lineage) => encodeCode({ ...code, lineage }),
      });
      return 'refused' in sealed ? null : sealed.token;
    },
    open: (clientId, token) => {
      const opened = sealer.open(oidcCode, clientId, token);
      const code = opened === null ? null : decodeCode(opened.body);
      if (opened === null || code === null) return null;
      if (isLineageRevoked(sealer, { kid: opened.kid, lineage: code.lineage })) return null;
      return { code, kid: opened.kid, iat: opened.iat, exp: opened.exp };
    },
  };
}
