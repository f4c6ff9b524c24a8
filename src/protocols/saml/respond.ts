// Owns: turning a finished Response into the page that posts it. Leaves to web/: how that page looks.
import type { Reply } from '../../core/reply.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import { responseElement, type StatusPair, SUCCESS_STATUS, statusElement } from '../../saml/response.ts';
import { canonical, type Fragment, type XmlElement } from '../../xml/build.ts';
import { signElement } from '../../xml/sign.ts';
import type { PreparedParty } from './prepared-party.ts';

/** Where an answer goes, and what it answers. */
export interface Addressee {
  readonly party: PreparedParty;
  /** A verified return address. */
  readonly acs: string;
  readonly inResponseTo: string | null;
  readonly relayState: string | null;
}

/** Makes and signs responses. */
export interface Responder {
  readonly success: (to: Addressee, assertion: Fragment | XmlElement, now: EpochSeconds) => Promise<Reply>;
  readonly failure: (to: Addressee, status: StatusPair, now: EpochSeconds) => Promise<Reply>;
}

export function createResponder(issuer: XmlElement, random: Random): Responder {
  const respond = async (
    to: Addressee,
    status: XmlElement | Fragment,
    assertion: XmlElement | Fragment | undefined,
    now: EpochSeconds,
  ): Promise<Reply> => {
    const id = newId(random);
    const root = responseElement({
      id,
      issueInstant: now,
      issuer,
      destination: to.acs,
      inResponseTo: to.inResponseTo,
      status,
      assertion,
    });
    const { signer, digest } = to.party;
    const signed = await signElement(root, { id, signer, after: 'Issuer', digest });
    const message = Buffer.from(canonical(signed), 'utf8').toString('base64');
    const fields: [string, string][] = [['SAMLResponse', message]];
    if (to.relayState !== null) fields.push(['RelayState', to.relayState]);
    return { kind: 'auto-post', action: to.acs, fields };
  };
  return {
    success: (to, assertion, now) => respond(to, SUCCESS_STATUS, assertion, now),
    failure: (to, status, now) => respond(to, statusElement(status), undefined, now),
  };
}

/** An xs:ID with 128 random bits (SAML core §1.3.4). */
export function newId(random: Random): string {
  return `_${random(16).toString('hex')}`;
}
