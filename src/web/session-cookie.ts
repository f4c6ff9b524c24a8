// Owns: the SSO session cookie: opening it, judging it, sealing it again. Leaves to core/session: what a session is.
import type { DirectoryUnavailable } from '../core/account.ts';
import type { SetCookie } from '../core/reply.ts';
import type { RevocationSubject, Revocations } from '../core/revocation.ts';
import { isSessionLive, latestProof, oldestProof, type Session, type SessionPolicy } from '../core/session.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { type Ancestor, isLineageRevoked, sealFrom } from '../sealed/lineage.ts';
import { decodeSession, encodeSession, fitSession } from '../sealed/session-body.ts';
import { ssoSession } from '../sealer/purpose.ts';
import type { Sealer } from '../sealer/seal.ts';
import type { RequestFacts } from './request-facts.ts';

/** A session that counts now, and the copy it came in. */
export interface OpenSession {
  readonly session: Session;
  readonly iat: EpochSeconds;
  readonly exp: EpochSeconds;
  readonly kid: string;
  /** A later key seals now, or the copy is a sixth of the idle time old. */
  readonly reseal: boolean;
  /** Over for a node whose clock is ahead: a proof that is given now begins another session. */
  readonly ending: boolean;
}

/** It cannot be said whether the session has been ended. */
export interface UnsureSession extends DirectoryUnavailable {
  readonly unsure: OpenSession;
}

export interface SessionCookieOptions {
  readonly name: string;
  readonly sealer: Sealer;
  readonly revocations: Revocations;
  readonly policy: SessionPolicy;
  /** How far clocks may be apart, in seconds. */
  readonly skew: number;
  readonly onParticipantsDropped: (count: number) => void;
}

export interface SessionCookie {
  readonly name: string;
  /** null for every reason there is: absent, damaged, expired, revoked. Unavailable: nobody can say whether it is revoked. */
  readonly open: (facts: RequestFacts) => Promise<OpenSession | UnsureSession | null>;
  /** null when it cannot be sealed: no key, or more lineage than a session may carry. */
  readonly seal: (session: Session, from: SealedFrom, now: EpochSeconds) => SetCookie | null;
  readonly expired: SetCookie;
}

export interface SealedFrom {
  /** What the new copy is made from: their keys become its lineage. */
  readonly ancestors: readonly Ancestor[];
  /** iat and exp to keep; null when the idle time starts now. */
  readonly keep: { readonly iat: EpochSeconds; readonly exp: EpochSeconds } | null;
}

export function createSessionCookie(options: SessionCookieOptions): SessionCookie {
  const { name, sealer, revocations, policy, skew } = options;

  const open: SessionCookie['open'] = async (facts) => {
    const token = facts.cookies.get(name);
    if (token === undefined) return null;
    const opened = sealer.open(ssoSession, name, token);
    const session = opened === null ? null : decodeSession(opened.body);
    if (opened === null || session === null) return null;
    if (!isSessionLive(session, opened.iat, policy, facts.now)) return null;
    if (isLineageRevoked(sealer, { kid: opened.kid, lineage: session.lineage })) return null;
    const verdict = await revocations.check(revocationSubject(session), facts.now);
    // 'reauth' is no session either: the person proves themselves again.
    if (verdict !== 'good' && verdict !== 'unavailable') return null;
    const old = facts.now - opened.iat > policy.idle / 6;
    const ending = facts.now + skew >= session.created + policy.absolute;
    const open = { session, iat: opened.iat, exp: opened.exp, kid: opened.kid, reseal: opened.laterKey || old, ending };
    return verdict === 'unavailable' ? { unavailable: true, unsure: open } : open;
  };

  const seal = (session: Session, from: SealedFrom, now: EpochSeconds): SetCookie | null => {
    const iat = from.keep?.iat ?? now;
    const exp = from.keep?.exp ?? Math.min(now + policy.idle, session.created + policy.absolute);
    let dropped = 0;
    const body = (lineage: readonly string[]): Uint8Array => {
      const fitting = fitSession({ ...session, lineage });
      dropped = fitting.dropped;
      return encodeSession(fitting.session);
    };
    const sealed = sealFrom(sealer, ssoSession, from.ancestors, { context: name, iat, exp, body });
    if ('refused' in sealed) return null;
    if (dropped > 0) options.onParticipantsDropped(dropped);
    return { name, value: sealed.token, maxAge: null };
  };

  return { name, open, seal, expired: { name, value: '', maxAge: 0 } };
}

export function revocationSubject(session: Session): RevocationSubject {
  return {
    sid: session.sid,
    accountId: session.accountId,
    oldestProof: oldestProof(session),
    latestProof: latestProof(session),
  };
}
