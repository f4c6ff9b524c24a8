// Owns: how a Response is written (SAML core §3.2.2, §3.3.3). Leaves to protocols/saml: which status, which assertion.
import type { EpochSeconds } from '../lib/clock.ts';
import { element, type Fragment, prepare, type XmlElement } from '../xml/build.ts';
import { formatInstant } from './date-time.ts';
import { NS, SAML_VERSION, STATUS } from './names.ts';

/** A top-level status code and one below it, SAML core §3.2.2.2. */
export interface StatusPair {
  readonly first: string;
  readonly second: string | null;
}

export interface ResponseContent {
  readonly id: string;
  readonly issueInstant: EpochSeconds;
  readonly issuer: XmlElement;
  /** The ACS it is posted to. */
  readonly destination: string;
  readonly inResponseTo: string | null;
  readonly status: XmlElement | Fragment;
  /** An Assertion, signed or not, or an EncryptedAssertion; none in an error. */
  readonly assertion: XmlElement | Fragment | undefined;
}

/** samlp:Status; the codes are nested. */
export function statusElement({ first, second }: StatusPair): XmlElement {
  const inner = second === null ? undefined : element(NS.protocol, 'StatusCode', { Value: second });
  return element(NS.protocol, 'Status', {}, element(NS.protocol, 'StatusCode', { Value: first }, inner));
}

/** The status of every answer that holds an assertion. */
export const SUCCESS_STATUS: Fragment = prepare(statusElement({ first: STATUS.success, second: null }));

/** samlp:Response, not signed yet. */
export function responseElement(content: ResponseContent): XmlElement {
  return element(
    NS.protocol,
    'Response',
    {
      Destination: content.destination,
      ID: content.id,
      InResponseTo: content.inResponseTo ?? undefined,
      IssueInstant: formatInstant(content.issueInstant),
      Version: SAML_VERSION,
    },
    content.issuer,
    content.status,
    content.assertion,
  );
}
