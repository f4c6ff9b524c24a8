// Owns: what can be wrong with a CAS request, and what the service, or the person, is told of it. Descriptions are fixed
// ASCII sentences: nothing of the request, nothing of the inside.
import type { RelyingPartyKey } from '../../core/authentication-request.ts';
import type { RefusalReason } from '../../core/authentication-result.ts';
import type { Refused } from '../../core/protocol-adapter.ts';

/** CAS Protocol §2.5.3 and §2.7.3. */
export type CasErrorCode =
  | 'INVALID_REQUEST'
  | 'INVALID_TICKET_SPEC'
  | 'UNAUTHORIZED_SERVICE'
  | 'UNAUTHORIZED_SERVICE_PROXY'
  | 'INVALID_PROXY_CALLBACK'
  | 'INVALID_TICKET'
  | 'INVALID_SERVICE'
  | 'INTERNAL_ERROR';

/** What a service is told when it validates a ticket, or asks for one. */
export const CAS_PROBLEMS = {
  'parameter-missing': {
    error: 'INVALID_REQUEST',
    description:
      'A required parameter is missing: service and ticket, at /proxy pgt and targetService, at /samlValidate TARGET.',
  },
  'parameter-repeated': { error: 'INVALID_REQUEST', description: 'A parameter occurs more than once.' },
  'parameter-too-long': { error: 'INVALID_REQUEST', description: 'A parameter is longer than it can be.' },
  'unsupported-format': { error: 'INVALID_REQUEST', description: 'format must be XML or JSON.' },
  'unreadable-envelope': { error: 'INVALID_REQUEST', description: 'The SOAP request could not be read.' },
  'ticket-invalid': { error: 'INVALID_TICKET', description: 'The ticket is unknown, has expired or was used before.' },
  'not-from-new-login': {
    error: 'INVALID_TICKET',
    description: 'The ticket was issued from a single sign-on session, and renew was set.',
  },
  'session-ended': { error: 'INVALID_TICKET', description: 'The session of the ticket has ended.' },
  'account-gone': { error: 'INVALID_TICKET', description: 'This person may not sign in.' },
  'proxy-ticket': {
    error: 'INVALID_TICKET_SPEC',
    description: 'A proxy ticket was passed to an endpoint that validates service tickets only.',
  },
  'other-service': { error: 'INVALID_SERVICE', description: 'The ticket was issued for another service.' },
  'service-unregistered': { error: 'UNAUTHORIZED_SERVICE', description: 'The service is not registered.' },
  'assurance-unmet': {
    error: 'UNAUTHORIZED_SERVICE',
    description: 'The person has not signed in as strongly as the target service requires.',
  },
  'consent-missing': {
    error: 'UNAUTHORIZED_SERVICE',
    description: 'The person has not agreed to the service being told about them.',
  },
  'proxy-not-allowed': {
    error: 'UNAUTHORIZED_SERVICE_PROXY',
    description: 'The service is not registered as a proxy.',
  },
  'chain-too-long': {
    error: 'UNAUTHORIZED_SERVICE_PROXY',
    description: 'The ticket has been through as many proxies as it can.',
  },
  'callback-unregistered': {
    error: 'INVALID_PROXY_CALLBACK',
    description: 'pgtUrl is not registered for the service.',
  },
  'callback-failed': {
    error: 'INVALID_PROXY_CALLBACK',
    description: 'pgtUrl could not be reached over a trusted connection, or did not answer with 200.',
  },
  'keys-too-many': {
    error: 'INTERNAL_ERROR',
    description: 'The session is too old to be proxied: the person has to sign in again.',
  },
  'user-unnamed': { error: 'INTERNAL_ERROR', description: 'The person has no name that the service can be told.' },
  unavailable: { error: 'INTERNAL_ERROR', description: 'The ticket cannot be validated at the moment.' },
} as const satisfies Readonly<Record<string, { readonly error: CasErrorCode; readonly description: string }>>;

export type CasProblemCode = keyof typeof CAS_PROBLEMS;

/** `detail` is for the log only. */
export interface CasProblem {
  readonly problem: CasProblemCode;
  readonly detail: string;
}

export function casProblem(problem: CasProblemCode, detail: string): CasProblem {
  return { problem, detail };
}

/** What only a page can say: the service is not known to be one. */
export type PageProblemCode =
  | 'service-unregistered'
  | 'request-unreadable'
  | 'method-unsupported'
  | 'service-too-long'
  | 'pending-unreadable';

const PAGES = {
  'service-unregistered': 'unknown-party',
  'request-unreadable': 'unreadable-request',
  'method-unsupported': 'unreadable-request',
  'service-too-long': 'unreadable-request',
  'pending-unreadable': 'stale-request',
} as const satisfies Record<PageProblemCode, Refused['page']>;

export function refusedWithPage(code: PageProblemCode, detail: string, relyingParty: RelyingPartyKey | null): Refused {
  return { kind: 'refused', status: 400, page: PAGES[code], error: { code, detail, relyingParty } };
}

/** CAS has no words for a refused sign-in, so the person reads them; only gateway has an answer (§2.1.1). */
export const REFUSAL_ANSWERS = {
  'interaction-needed': 'without-ticket',
  'assurance-unmet': { page: 'assurance-unmet', status: 403 },
  'wrong-subject': { page: 'wrong-subject', status: 403 },
  'account-disabled': { page: 'account-disabled', status: 403 },
  declined: { page: 'declined', status: 403 },
  unavailable: { page: 'unavailable', status: 503 },
} as const satisfies Record<RefusalReason, 'without-ticket' | Pick<Refused, 'page' | 'status'>>;
