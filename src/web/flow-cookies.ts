// Owns: the per-tab login cookies: their names, their number and their bytes. One cookie per login flow; its suffix is
// the id in the URL and part of the sealed value's context, so cookies cannot be swapped between tabs.
import { createHash } from 'node:crypto';
import type { DirectoryUnavailable } from '../core/account.ts';
import type { SetCookie } from '../core/reply.ts';
import type { Revocations } from '../core/revocation.ts';
import { encodeBase64url } from '../lib/base64url.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { decodeFlow, encodeFlow, type LoginFlow } from '../sealed/flow-body.ts';
import { type Ancestor, isLineageRevoked, sealFrom } from '../sealed/lineage.ts';
import { loginFlow } from '../sealer/purpose.ts';
import type { Sealer } from '../sealer/seal.ts';
import { formatSetCookie } from './cookie-header.ts';
import type { RequestFacts } from './request-facts.ts';

/** 6 bytes as base64url. */
const FLOW_ID = /^[\w-]{8}$/;
export const FLOW_COOKIES_MAX = 5;
/** All our cookies together in one request; nginx refuses 8 KiB by default. */
export const COOKIE_HEADER_MAX_BYTES = 7000;
/** All Set-Cookie lines of one response; nginx answers 502 at about 4,000. */
export const SET_COOKIE_MAX_BYTES = 3500;

export interface OpenFlow {
  readonly id: string;
  readonly flow: LoginFlow;
  readonly iat: EpochSeconds;
  /** From then on no copy of it opens: so long is remembered that it was used. */
  readonly opensUntil: EpochSeconds;
  readonly kid: string;
}

export interface FlowRefusal {
  readonly refused: 'too-large' | 'unavailable';
}

export interface FlowCookies {
  readonly newId: () => string;
  /** Unavailable: nobody can say whether it has been ended. */
  readonly open: (id: string, facts: RequestFacts) => Promise<OpenFlow | DirectoryUnavailable | null>;
  /** Every readable flow that the browser shows, ended ones too. */
  readonly openAll: (facts: RequestFacts) => readonly OpenFlow[];
  /** too-large: the request does not fit into a cookie. unavailable: no key, or more lineage than a flow may carry. */
  readonly seal: (id: string, flow: LoginFlow, iat: EpochSeconds, from: readonly Ancestor[]) => SetCookie | FlowRefusal;
  readonly expired: (id: string) => SetCookie;
  /** Whether these lines fit into one response. */
  readonly hasRoomFor: (setting: readonly SetCookie[]) => boolean;
  /** Cookies to expire so that the next request stays inside the budget; `setting` goes out in the same response. */
  readonly housekeeping: (
    facts: RequestFacts,
    keep: string | null,
    setting: readonly SetCookie[],
  ) => readonly SetCookie[];
}

export interface FlowCookieOptions {
  /** The name without its suffix, `__Host-signet_f_`. */
  readonly prefix: string;
  /** Names of our other cookies, which share the budget. */
  readonly otherNames: readonly string[];
  readonly secure: boolean;
  readonly sealer: Sealer;
  readonly revocations: Revocations;
  readonly random: Random;
}

export function createFlowCookies(options: FlowCookieOptions): FlowCookies {
  const { prefix, sealer, revocations } = options;

  const read = (id: string, facts: RequestFacts): OpenFlow | null => {
    const name = prefix + id;
    const token = FLOW_ID.test(id) ? facts.cookies.get(name) : undefined;
    if (token === undefined) return null;
    const opened = sealer.open(loginFlow, name, token);
    const flow = opened === null ? null : decodeFlow(opened.body);
    if (opened === null || flow === null) return null;
    if (isLineageRevoked(sealer, { kid: opened.kid, lineage: flow.lineage })) return null;
    const opensUntil = opened.exp + loginFlow.toleranceAfterExp;
    return { id, flow, iat: opened.iat, opensUntil, kid: opened.kid };
  };

  const open: FlowCookies['open'] = async (id, facts) => {
    const found = read(id, facts);
    if (found === null) return null;
    const { accountId, events, began } = found.flow.context;
    if (accountId === null) return found;
    const times = events.map((event) => event.at);
    const subject = {
      sid: null,
      accountId,
      oldestProof: Math.min(began, ...times),
      latestProof: Math.max(began, ...times),
    };
    const verdict = await revocations.check(subject, facts.now);
    if (verdict === 'unavailable') return { unavailable: true };
    return verdict === 'revoked' || verdict === 'stale' ? null : found;
  };

  const shown = (facts: RequestFacts): string[] =>
    [...facts.cookies.keys()].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const expired = (id: string): SetCookie => ({ name: prefix + id, value: '', maxAge: 0 });

  return {
    newId: () => encodeBase64url(options.random(6)),
    open,
    openAll: (facts) => shown(facts).flatMap((id) => read(id, facts) ?? []),
    seal(id, flow, iat, ancestors) {
      const name = prefix + id;
      if ('refused' in encodeFlow(flow)) return { refused: 'too-large' };
      const sealed = sealFrom(sealer, loginFlow, ancestors, {
        context: name,
        iat,
        exp: iat + loginFlow.maxLifetime,
        body: (lineage) => bodyOf({ ...flow, lineage }),
      });
      if ('token' in sealed) return { name, value: sealed.token, maxAge: sealed.exp - iat };
      return { refused: sealed.refused === 'too-large' ? 'too-large' : 'unavailable' };
    },
    expired,
    hasRoomFor: (setting) => setCookieBytes(setting, options.secure) < SET_COOKIE_MAX_BYTES,
    housekeeping(facts, keep, setting) {
      const readable: OpenFlow[] = [];
      const doomed: string[] = [];
      for (const id of shown(facts)) {
        if (id === keep) continue;
        const flow = read(id, facts);
        // A name that is no id of ours cannot have been set by us: leave it, it is not ours to expire.
        if (flow !== null) readable.push(flow);
        else if (FLOW_ID.test(id)) doomed.push(id);
      }
      readable.sort((a, b) => b.iat - a.iat);
      const size = (name: string): number => name.length + (facts.cookies.get(name)?.length ?? 0) + 3;
      let bytes = options.otherNames.reduce((sum, name) => sum + size(name), 0);
      let count = keep === null ? 0 : 1;
      if (keep !== null) bytes += size(prefix + keep);
      for (const cookie of setting) bytes += cookie.name.length + cookie.value.length + 3;
      for (const flow of readable) {
        bytes += size(prefix + flow.id);
        count += 1;
        if (count > FLOW_COOKIES_MAX || bytes > COOKIE_HEADER_MAX_BYTES) doomed.push(flow.id);
      }
      let room = SET_COOKIE_MAX_BYTES - setCookieBytes(setting, options.secure);
      return doomed.map(expired).filter((cookie) => {
        room -= setCookieBytes([cookie], options.secure);
        return room > 0;
      });
    },
  };
}

/** The body of a flow whose request has been judged to fit: its lineage has room of its own. */
function bodyOf(flow: LoginFlow): Uint8Array {
  const encoded = encodeFlow(flow);
  if ('refused' in encoded) throw new RangeError(`a flow that no longer fits: ${encoded.part}`);
  return encoded.body;
}

/** The bytes of these lines as they go out. */
export function setCookieBytes(cookies: readonly SetCookie[], secure: boolean): number {
  return cookies.reduce((sum, cookie) => sum + 'Set-Cookie: \r\n'.length + formatSetCookie(cookie, secure).length, 0);
}

/** The sid of a session that this flow starts for this account: a balancer's repeat on another node makes the same. */
export function sidOfAttempt(innerId: Uint8Array, accountId: string): Buffer {
  return createHash('sha256').update('signet.sid\0').update(innerId).update(accountId).digest().subarray(0, 16);
}

/** What the answer to this flow is known by, 16 bytes; likewise the same in a balancer's repeat. */
export function answerIdOfFlow(innerId: Uint8Array): Buffer {
  return createHash('sha256').update('signet.answer\0').update(innerId).digest().subarray(0, 16);
}
