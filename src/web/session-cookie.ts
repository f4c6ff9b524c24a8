// Owns: the SSO session cookie: opening it, judging it, sealing it again. Leaves to core/session: what a session is.

import type { SetCookie } from '../core/reply.ts';
import type { RevocationSubject, Revocations } from '../core/revocation.ts';
import { isSessionLive, oldestProof, type Session, type SessionPolicy } from '../core/session.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { inherit, isLineageRevoked } from '../sealed/lineage.ts';
import { decodeSession, encodeSession } from '../sealed/session-body.ts';
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
}

export interface SessionCookieOptions {
  readonly name: string;
  readonly sealer: Sealer;
  readonly revocations: Revocations;
  readonly policy: SessionPolicy;
  readonly onParticipantsDropped: (count: number) => void;
}

export interface SessionCookie {
  readonly name: string;
  /** null for every reason there is: absent, damaged, expired, revoked. */
  readonly open: (facts: RequestFacts) => OpenSession | null;
  /** `slide`: the person was there, so the idle time starts again; otherwise iat and exp of `from` stay. */
  readonly seal: (session: Session, from: SealedFrom, now: EpochSeconds) => SetCookie | null;
  readonly expired: SetCookie;
}

/** What a new copy is made from: its keys become the lineage. */
export interface SealedFrom {
  readonly kids: readonly string[];
  /** iat and exp to keep; null when the idle time starts now. */
  readonly keep: { readonly iat: EpochSeconds; readonly exp: EpochSeconds } | null;
}

export function createSessionCookie(options: SessionCookieOptions): SessionCookie {
  const { name, sealer, revocations, policy } = options;

  const open = (facts: RequestFacts): OpenSession | null => {
    const token = facts.cookies.get(name);
    if (token === undefined) return null;
    const opened = sealer.open(ssoSession, name, token);
    const session = opened === null ? null : decodeSession(opened.body);
    if (opened === null || session === null) return null;
    if (!isSessionLive(session, opened.iat, policy, facts.now)) return null;
    if (isLineageRevoked(sealer, session.lineage)) return null;
    // 'reauth' is no session either: the person proves themselves again.
    if (revocations.check(revocationSubject(session), facts.now) !== 'good') return null;
    const old = facts.now - opened.iat > policy.idle / 6;
    return { session, iat: opened.iat, exp: opened.exp, kid: opened.kid, reseal: opened.laterKey || old };
  };

  const seal = (session: Session, from: SealedFrom, now: EpochSeconds): SetCookie | null => {
    const current = sealer.primaryKid();
    if (current === null) return null;
    const lineage = inherit(current, from.kids, session.lineage);
    if (lineage === null) return null;
    const iat = from.keep?.iat ?? now;
    const exp = from.keep?.exp ?? Math.min(now + policy.idle, session.created + policy.absolute);
    for (let dropped = 0; dropped <= session.participants.length; dropped += 1) {
      const copy = { ...session, lineage, participants: session.participants.slice(dropped) };
      const sealed = sealer.seal(ssoSession, { context: name, iat, exp, body: encodeSession(copy) });
      if ('token' in sealed) {
        if (dropped > 0) options.onParticipantsDropped(dropped);
        return { name, value: sealed.token, maxAge: null };
      }
      if (sealed.refused !== 'too-large') return null;
    }
    return null;
  };

  return { name, open, seal, expired: { name, value: '', maxAge: 0 } };
}

export function revocationSubject(session: Session): RevocationSubject {
  return { sid: session.sid, accountId: session.accountId, oldestProof: oldestProof(session) };
}
