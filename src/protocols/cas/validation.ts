// Owns: validating a ticket (§2.4 to §2.9). A ticket is used up by the attempt, whatever comes of it (§3.1.1), and what is
// compared is compared afterwards. Leaves to cas-response.ts: how it is told.
import { type Account, isUnavailable } from '../../core/account.ts';
import { attributeValues } from '../../core/attribute-release.ts';
import type { SpentKind, SpentStore } from '../../core/revocation.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import type { Service } from '../../parties/service.ts';
import type { ServiceIndex } from '../../parties/service-index.ts';
import type { ProxyChain } from '../../sealed/proxy-chain.ts';
import type { ProxyTicket } from '../../sealed/proxy-ticket-body.ts';
import type { ServiceTicket } from '../../sealed/service-ticket-body.ts';
import { casSt } from '../../sealer/purpose.ts';
import { isXmlText } from '../../xml/characters.ts';
import { type CasProblem, casProblem } from './cas-errors.ts';
import type { ProxyGranting } from './proxy-granting.ts';
import { serviceDigest, withoutQuery } from './service-identifier.ts';
import type { JudgeTicket } from './ticket-state.ts';
import type { OpenTicket, Tickets } from './tickets.ts';

export interface ValidationDeps {
  readonly services: () => ServiceIndex;
  readonly tickets: Tickets;
  readonly spent: SpentStore;
  readonly judge: JudgeTicket;
  readonly granting: ProxyGranting;
}

export interface ValidationRequest {
  readonly service: string;
  readonly ticket: string;
  readonly renew: boolean;
  /** Where a proxy-granting ticket is wanted; null: none is. */
  readonly pgtUrl: string | null;
  /** Proxy tickets count as well. */
  readonly acceptsProxies: boolean;
  /** The request id of a trusted proxy. */
  readonly attempt: string | null;
  readonly now: EpochSeconds;
}

export interface Validated {
  readonly service: Service;
  /** As the request named it. */
  readonly asked: string;
  readonly account: Account;
  readonly user: string;
  readonly authenticatedAt: EpochSeconds;
  readonly fromNewLogin: boolean;
  /** Addresses of callbacks, the most recent first. */
  readonly proxies: readonly string[];
  readonly pgtIou: string | null;
}

export type ValidateTicket = (request: ValidationRequest) => Promise<Validated | CasProblem>;

/** A ticket of either kind. */
type Shown = OpenTicket<
  (ServiceTicket & { readonly proxies: null }) | (ProxyTicket & { readonly fromNewLogin: false })
>;

export function createValidation(deps: ValidationDeps): ValidateTicket {
  const { services, tickets, spent, judge, granting } = deps;

  const open = (text: string): Shown | null => {
    const service = tickets.openService(text);
    if (service !== null) return { ...service, ticket: { ...service.ticket, proxies: null } };
    const proxy = tickets.openProxy(text);
    return proxy === null ? null : { ...proxy, ticket: { ...proxy.ticket, fromNewLogin: false } };
  };

  const useUp = async (shown: Shown, { attempt, now }: ValidationRequest): Promise<CasProblem | null> => {
    const kind: SpentKind = shown.ticket.proxies === null ? 'cas-st' : 'cas-pt';
    // Longer than any node opens it, whichever way the clocks go.
    const until = shown.exp + casSt.maxLifetime;
    const used = await spent.spend(kind, shown.ticket.id, until, attempt, now);
    if (isUnavailable(used)) return casProblem('unavailable', 'spent store');
    if (used === 'full') return casProblem('unavailable', 'spent table full');
    return used === 'spent' ? casProblem('ticket-invalid', 'used before') : null;
  };

  const addressesOf = (proxies: ProxyChain): readonly string[] | null => {
    const addresses = proxies.flatMap((digest) => services().findCallback(digest) ?? []);
    return addresses.length === proxies.length ? addresses : null;
  };

  return async (request) => {
    const { now, renew, pgtUrl } = request;
    const shown = open(request.ticket);
    if (shown === null) return casProblem('ticket-invalid', 'no live ticket');
    const used = await useUp(shown, request);
    if (used !== null) return used;
    const { ticket, kid } = shown;
    if (ticket.proxies !== null && !request.acceptsProxies) return casProblem('proxy-ticket', 'proxy ticket');
    const service = services().find(request.service);
    if (service === null) return casProblem('service-unregistered', withoutQuery(request.service));
    if (!serviceDigest(request.service).equals(ticket.service)) {
      return casProblem('other-service', withoutQuery(request.service));
    }
    if (renew && !ticket.fromNewLogin) return casProblem('not-from-new-login', 'single sign-on');
    const proxies = addressesOf(ticket.proxies ?? []);
    if (proxies === null) return casProblem('ticket-invalid', 'through a proxy that is not registered any more');
    const state = await judge(ticket, now);
    if ('problem' in state) return state;
    const user = userOf(service, state.account);
    if (user === null) return casProblem('user-unnamed', `no ${service.settings.user}`);
    const from = { holder: ticket, kid, lineage: ticket.lineage, proxies: ticket.proxies ?? [] };
    const pgtIou = pgtUrl === null ? null : await granting.grant(service, pgtUrl, from, now);
    if (pgtIou !== null && typeof pgtIou !== 'string') return pgtIou;
    const { fromNewLogin, latestProof: authenticatedAt } = ticket;
    const { account } = state;
    return { service, asked: request.service, account, user, authenticatedAt, fromNewLogin, proxies, pgtIou };
  };
}

/**
 * Never another value than the one that the settings name: two people must not share one because one has none. None with
 * a line feed in it, which could add an answer of its own to CAS 1.0's.
 */
function userOf({ settings }: Service, account: Account): string | null {
  const values = settings.user === undefined ? [account.loginName] : attributeValues(account, settings.user);
  const [user = ''] = values;
  return values.length === 1 && user !== '' && isXmlText(user) && !/[\r\n]/.test(user) ? user : null;
}
