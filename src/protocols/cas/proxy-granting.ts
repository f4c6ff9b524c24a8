// Owns: giving a service a proxy-granting ticket (§2.5.4), and a proxy ticket for one (§2.7). Leaves to proxy-callback.ts:
// the way to the callback; to validation.ts: what the tickets are then good for.
import { isAtLeast } from '../../core/assurance.ts';
import { floorFor } from '../../core/relying-party.ts';
import { encodeBase62 } from '../../lib/base62.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import type { Service } from '../../parties/service.ts';
import { callbackDigest, type ServiceIndex } from '../../parties/service-index.ts';
import { PROXIES_MAX, type ProxyChain } from '../../sealed/proxy-chain.ts';
import type { ShortLineage } from '../../sealed/short-lineage.ts';
import { TICKET_ID_BYTES, type TicketHolder } from '../../sealed/ticket-fields.ts';
import { casPgt } from '../../sealer/purpose.ts';
import type { JudgeAgreement } from './agreements.ts';
import { type CasProblem, casProblem } from './cas-errors.ts';
import type { DeliverTicket } from './proxy-callback.ts';
import { serviceDigest, withoutQuery } from './service-identifier.ts';
import type { JudgeTicket } from './ticket-state.ts';
import type { Tickets } from './tickets.ts';

export interface ProxyGrantingDeps {
  readonly services: () => ServiceIndex;
  readonly tickets: Tickets;
  readonly judge: JudgeTicket;
  readonly agreement: JudgeAgreement;
  readonly deliver: DeliverTicket;
  readonly random: Random;
  /** How long a ticket may be validated, in seconds. */
  readonly ticketSeconds: number;
  /** Absolute lifetime of a session, in seconds: no ticket outlives it. */
  readonly sessionAbsolute: number;
}

/** What a proxy-granting ticket is made from: the ticket that was just validated. */
export interface GrantedFrom {
  readonly holder: TicketHolder;
  readonly kid: string;
  readonly lineage: ShortLineage;
  /** Through which it came itself. */
  readonly proxies: ProxyChain;
}

export interface ProxyGranting {
  /** The PGTIOU that belongs to the ticket that the callback was given. */
  readonly grant: (
    service: Service,
    callback: string,
    from: GrantedFrom,
    now: EpochSeconds,
  ) => Promise<string | CasProblem>;
  /** A proxy ticket for a target service. */
  readonly proxy: (granting: string, targetService: string, now: EpochSeconds) => Promise<string | CasProblem>;
}

export function createProxyGranting(deps: ProxyGrantingDeps): ProxyGranting {
  const { services, tickets, judge, agreement, deliver, random, ticketSeconds, sessionAbsolute } = deps;

  const grant: ProxyGranting['grant'] = async (service, callback, from, now) => {
    const { callbackUrls } = service.settings.proxy;
    if (callbackUrls.length === 0) return casProblem('proxy-not-allowed', service.relyingParty.key);
    // As text, and found again by what the ticket holds of it.
    const digest = callbackDigest(callback);
    if (!callbackUrls.includes(callback) || services().findCallback(digest) !== callback) {
      return casProblem('callback-unregistered', withoutQuery(callback));
    }
    if (from.proxies.length >= PROXIES_MAX) return casProblem('chain-too-long', `${from.proxies.length} proxies`);
    const { sid, accountId, oldestProof, latestProof, level } = from.holder;
    const exp = Math.min(now + casPgt.maxLifetime, oldestProof + sessionAbsolute);
    if (exp <= now) return casProblem('session-ended', 'absolute lifetime');
    const relyingParty = service.hash;
    const proxies = [digest, ...from.proxies];
    const content = { sid, accountId, oldestProof, latestProof, level, relyingParty, proxies };
    const granting = tickets.sealGranting(content, from, { now, exp });
    if (granting === null) return casProblem('unavailable', 'no key seals');
    if (granting === 'too-long') return casProblem('keys-too-many', 'lineage');
    // Says nothing of the ticket that it belongs to (§3.4.1).
    const iou = `PGTIOU-${encodeBase62(random(32))}`;
    const failed = await deliver(callback, granting, iou);
    return failed === null ? iou : casProblem('callback-failed', `${withoutQuery(callback)}: ${failed}`);
  };

  const proxy: ProxyGranting['proxy'] = async (text, targetService, now) => {
    const opened = tickets.openGranting(text);
    if (opened === null) return casProblem('ticket-invalid', 'no live proxy-granting ticket');
    const { ticket, kid, iat, exp } = opened;
    const holder = services().findByHash(ticket.relyingParty);
    const callback = services().findCallback(ticket.proxies[0] ?? '');
    // What was taken away from a service since holds at once.
    if (holder === null || callback === null || !holder.settings.proxy.callbackUrls.includes(callback)) {
      return casProblem('ticket-invalid', 'its service is no proxy any more');
    }
    const target = services().find(targetService);
    if (target === null) return casProblem('service-unregistered', withoutQuery(targetService));
    const state = await judge(ticket, now);
    if ('problem' in state) return state;
    // Nobody is there to be asked: neither about the proxy any more, nor about its target.
    const disagreed = (await agreement(holder, state.account, iat)) ?? (await agreement(target, state.account, null));
    if (disagreed !== null) return disagreed;
    const floor = floorFor(target.relyingParty.floor, state.account.groups);
    if (!isAtLeast(ticket.level, floor)) return casProblem('assurance-unmet', `${ticket.level}, wanted ${floor}`);
    const { sid, accountId, oldestProof, latestProof, level, proxies } = ticket;
    const content = {
      id: random(TICKET_ID_BYTES),
      sid,
      accountId,
      oldestProof,
      latestProof,
      level,
      service: serviceDigest(targetService),
      proxies,
    };
    const ends = Math.min(now + ticketSeconds, exp);
    if (ends <= now) return casProblem('ticket-invalid', 'ends now');
    const sealed = tickets.sealProxy(content, { kid, lineage: ticket.lineage }, { now, exp: ends });
    return sealed ?? casProblem('unavailable', 'no key seals');
  };

  return { grant, proxy };
}
