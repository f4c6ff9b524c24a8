// Owns: CAS tickets as text: sealing one, opening one that a service shows. Letters, digits and hyphens alone (§3.7), at
// most 256 characters. Leaves to validation.ts: using one once, and everything that it is compared with.

import { decodeBase62, encodeBase62 } from '../../lib/base62.ts';
import { decodeBase64url, encodeBase64url } from '../../lib/base64url.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import type { Ancestor } from '../../sealed/lineage.ts';
import {
  decodeProxyGrantingTicket,
  encodeProxyGrantingTicket,
  GRANTING_LINEAGE_MAX,
  type ProxyGrantingTicket,
} from '../../sealed/proxy-granting-ticket-body.ts';
import {
  decodeProxyTicket,
  encodeProxyTicket,
  PROXY_TICKET_LINEAGE_MAX,
  type ProxyTicket,
} from '../../sealed/proxy-ticket-body.ts';
import {
  decodeServiceTicket,
  encodeServiceTicket,
  SERVICE_TICKET_LINEAGE_MAX,
  type ServiceTicket,
} from '../../sealed/service-ticket-body.ts';
import { isShortLineageRevoked, type ShortLineage, shortLineage } from '../../sealed/short-lineage.ts';
import { casPgt, casPt, casSt, type Purpose } from '../../sealer/purpose.ts';
import type { Sealer } from '../../sealer/seal.ts';

export interface OpenTicket<Ticket> {
  readonly ticket: Ticket;
  readonly kid: string;
  readonly iat: EpochSeconds;
  readonly exp: EpochSeconds;
}

export interface Times {
  readonly now: EpochSeconds;
  readonly exp: EpochSeconds;
}

/** Sealing gives null when no key seals. Opening gives null for anything but a live ticket of that kind. */
export interface Tickets {
  readonly sealService: (ticket: Omit<ServiceTicket, 'lineage'>, from: readonly Ancestor[], at: Times) => string | null;
  readonly sealProxy: (ticket: Omit<ProxyTicket, 'lineage'>, from: Ancestor, at: Times) => string | null;
  /** `too-long`: it descends from more keys than can be told. */
  readonly sealGranting: (
    ticket: Omit<ProxyGrantingTicket, 'lineage'>,
    from: { readonly kid: string; readonly lineage: ShortLineage },
    at: Times,
  ) => string | 'too-long' | null;
  readonly openService: (text: string) => OpenTicket<ServiceTicket> | null;
  readonly openProxy: (text: string) => OpenTicket<ProxyTicket> | null;
  readonly openGranting: (text: string) => OpenTicket<ProxyGrantingTicket> | null;
}

export const TICKET_PREFIXES = { service: 'ST-', proxy: 'PT-', granting: 'PGT-' } as const;

/** The sealed value that a ticket is; null for what is no ticket of this kind. */
export function sealedValueOf(prefix: string, text: string): string | null {
  const bytes = text.startsWith(prefix) ? decodeBase62(text.slice(prefix.length)) : null;
  return bytes === null ? null : encodeBase64url(bytes);
}

export function createTickets(sealer: Sealer): Tickets {
  const seal = <Lineage extends ShortLineage>(
    [prefix, purpose]: readonly [prefix: string, purpose: Purpose],
    lineageOf: (kid: string) => Lineage | null,
    { now, exp }: Times,
    body: (lineage: Lineage) => Uint8Array,
  ): string | null => {
    const kid = sealer.primaryKid();
    const lineage = kid === null ? null : lineageOf(kid);
    if (kid === null || lineage === null) return null;
    const sealed = sealer.seal(purpose, { context: '', iat: now, exp, body: body(lineage), kid });
    const bytes = 'refused' in sealed ? null : decodeBase64url(sealed.token);
    return bytes === null ? null : `${prefix}${encodeBase62(bytes)}`;
  };

  const open = <Ticket extends { readonly lineage: ShortLineage }>(
    [prefix, purpose]: readonly [prefix: string, purpose: Purpose],
    text: string,
    read: (body: Uint8Array, iat: EpochSeconds) => Ticket | null,
  ): OpenTicket<Ticket> | null => {
    const value = sealedValueOf(prefix, text);
    const opened = value === null ? null : sealer.open(purpose, '', value);
    const ticket = opened === null ? null : read(opened.body, opened.iat);
    if (opened === null || ticket === null) return null;
    const { kid, iat, exp } = opened;
    return isShortLineageRevoked(sealer, { kid, lineage: ticket.lineage }) ? null : { ticket, kid, iat, exp };
  };

  return {
    sealService: (ticket, from, at) =>
      seal(
        SERVICE,
        (kid) => shortLineage(from, kid, SERVICE_TICKET_LINEAGE_MAX),
        at,
        (lineage) => encodeServiceTicket({ ...ticket, lineage }, at.now),
      ),
    sealProxy: (ticket, from, at) =>
      seal(
        PROXY,
        // Nothing is made from a ticket that has been through two proxies, and it has no room for a lineage.
        (kid) => (ticket.proxies.length > 1 ? [] : shortLineage([from], kid, PROXY_TICKET_LINEAGE_MAX)),
        at,
        (lineage) => encodeProxyTicket({ ...ticket, lineage }, at.now),
      ),
    sealGranting: (ticket, from, at) => {
      const { kid, lineage: before } = from;
      // To leave a key out would launder what was made under it.
      if (before === 'too-long') return 'too-long';
      const lineageOf = (sealing: string) => {
        const lineage = shortLineage([{ kid, lineage: before }], sealing, GRANTING_LINEAGE_MAX);
        return lineage === 'too-long' ? null : lineage;
      };
      return seal(GRANTING, lineageOf, at, (lineage) => encodeProxyGrantingTicket({ ...ticket, lineage }, at.now));
    },
    openService: (text) => open(SERVICE, text, decodeServiceTicket),
    openProxy: (text) => open(PROXY, text, decodeProxyTicket),
    openGranting: (text) => open(GRANTING, text, decodeProxyGrantingTicket),
  };
}

const SERVICE = [TICKET_PREFIXES.service, casSt] as const;
const PROXY = [TICKET_PREFIXES.proxy, casPt] as const;
const GRANTING = [TICKET_PREFIXES.granting, casPgt] as const;
