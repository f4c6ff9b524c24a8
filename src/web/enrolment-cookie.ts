// Owns: the cookie that holds what a person is about to enrol. One at a time: beginning with something else ends it.
// Leaves to enrolment-desk.ts: whom it is for, and that it counts once.
import type { DirectoryUnavailable } from '../core/account.ts';
import type { SetCookie } from '../core/reply.ts';
import type { Revocations } from '../core/revocation.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { decodeEnrolment, type EnrolmentBody, encodeEnrolment } from '../sealed/enrolment-body.ts';
import { type Ancestor, isLineageRevoked, sealFrom } from '../sealed/lineage.ts';
import { enrolment as purpose } from '../sealer/purpose.ts';
import type { Sealer } from '../sealer/seal.ts';
import type { RequestFacts } from './request-facts.ts';

export interface OpenEnrolment extends EnrolmentBody {
  /** When it began. */
  readonly at: EpochSeconds;
  readonly exp: EpochSeconds;
  readonly kid: string;
}

export interface EnrolmentCookie {
  /** null for every reason there is: absent, damaged, expired, revoked. Unavailable: nobody can say whether it is revoked. */
  readonly open: (facts: RequestFacts) => Promise<OpenEnrolment | DirectoryUnavailable | null>;
  /** `ancestors`: the session or flow that it begins in. null when it cannot be sealed. */
  readonly seal: (
    body: Omit<EnrolmentBody, 'lineage'>,
    ancestors: readonly Ancestor[],
    now: EpochSeconds,
  ) => SetCookie | null;
  readonly expired: SetCookie;
}

export function createEnrolmentCookie(options: {
  readonly name: string;
  readonly sealer: Sealer;
  readonly revocations: Pick<Revocations, 'check'>;
}): EnrolmentCookie {
  const { name, sealer, revocations } = options;
  return {
    open: async (facts) => {
      const token = facts.cookies.get(name);
      const opened = token === undefined ? null : sealer.open(purpose, name, token);
      const body = opened === null ? null : decodeEnrolment(opened.body);
      if (opened === null || body === null) return null;
      const { kid, iat, exp } = opened;
      if (isLineageRevoked(sealer, { kid, lineage: body.lineage })) return null;
      const subject = { sid: null, accountId: body.accountId, oldestProof: iat, latestProof: iat };
      const verdict = await revocations.check(subject, facts.now);
      if (verdict === 'unavailable') return { unavailable: true };
      if (verdict === 'revoked' || verdict === 'stale') return null;
      return { ...body, at: iat, exp, kid };
    },
    seal: (body, ancestors, now) => {
      const sealed = sealFrom(sealer, purpose, ancestors, {
        context: name,
        iat: now,
        exp: now + purpose.maxLifetime,
        body: (lineage) => encodeEnrolment({ ...body, lineage }),
      });
      return 'token' in sealed ? { name, value: sealed.token, maxAge: sealed.exp - now } : null;
    },
    expired: { name, value: '', maxAge: 0 },
  };
}
