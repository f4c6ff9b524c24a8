// Owns: the cookie that says that somebody has signed in with this browser. It proves nothing about who uses the browser
// now and lets nobody in: wrong passwords are counted apart, so that strangers' guesses do not make its owner wait.
// Leaves to methods/throttle.ts: how many. Decision 0016.
import type { AccountId } from '../core/account.ts';
import type { SetCookie } from '../core/reply.ts';
import type { Revocations } from '../core/revocation.ts';
import { encodeBase64url } from '../lib/base64url.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { accountDigest, decodeDevice, encodeDevice } from '../sealed/device-body.ts';
import { type Ancestor, isLineageRevoked, sealFrom } from '../sealed/lineage.ts';
import { device as purpose } from '../sealer/purpose.ts';
import type { Sealer } from '../sealer/seal.ts';
import type { RequestFacts } from './request-facts.ts';

export interface DeviceCookie {
  /**
   * The id that this browser's failures are counted under for an account; null for every reason there is: no value, another
   * account's, damaged, expired, revoked, or older than what ended the account's sessions.
   */
  readonly open: (facts: RequestFacts) => (accountId: AccountId) => Promise<string | null>;
  /** A new one, with a new id. `ancestors`: the session or flow that finished. null when it cannot be sealed. */
  readonly seal: (accountId: AccountId, ancestors: readonly Ancestor[], now: EpochSeconds) => SetCookie | null;
  readonly expired: SetCookie;
}

/**
 * Seconds that a browser drops it earlier than it ends. Unlike others it lives as long as its key: on a node whose clock is
 * ahead it would count as a value under a key that is gone, and that is a sign of nodes that disagree.
 */
const CLOCKS_APART = 60;

const NOBODYS = async (): Promise<null> => null;

export function createDeviceCookie(options: {
  readonly name: string;
  readonly sealer: Sealer;
  readonly revocations: Pick<Revocations, 'check'>;
  readonly random: Random;
}): DeviceCookie {
  const { name, sealer, revocations, random } = options;
  return {
    open: (facts) => {
      const token = facts.cookies.get(name);
      const opened = token === undefined ? null : sealer.open(purpose, name, token);
      const body = opened === null ? null : decodeDevice(opened.body);
      if (opened === null || body === null) return NOBODYS;
      const { kid, iat } = opened;
      if (isLineageRevoked(sealer, { kid, lineage: body.lineage })) return NOBODYS;
      return async (accountId) => {
        if (!accountDigest(accountId).equals(body.account)) return null;
        const subject = { sid: null, accountId, oldestProof: iat, latestProof: iat };
        const verdict = await revocations.check(subject, facts.now);
        return verdict === 'revoked' || verdict === 'unavailable' ? null : encodeBase64url(body.id);
      };
    },
    seal: (accountId, ancestors, now) => {
      const sealed = sealFrom(sealer, purpose, ancestors, {
        context: name,
        iat: now,
        exp: now + purpose.maxLifetime,
        body: (lineage) => encodeDevice({ id: random(16), account: accountDigest(accountId), lineage }),
      });
      if (!('token' in sealed)) return null;
      const maxAge = sealed.exp - now - CLOCKS_APART;
      return maxAge > 0 ? { name, value: sealed.token, maxAge } : null;
    },
    expired: { name, value: '', maxAge: 0 },
  };
}
